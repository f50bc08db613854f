// A witness that somebody else gives this log's checkpoints too.
#include "witness_kit.h"

namespace coffer::audit::test {
namespace {

/// Another feeder of the same witness reads the checkpoints beside the log.
TEST_F(WitnessTest, NewerCheckpointsOfThisLogThatOthersGaveItAreNoFork) {
  const std::string older = grow(12);
  const std::string newer = grow(12);
  memory_.known = parse_checkpoint(newer)->checkpoint;
  const auto witnesses = make();
  witnesses->offer(older);
  // Signed while the witness is asked about the one before.
  memory_.when_asked = [&] { witnesses->offer(newer); };
  witnesses->round();
  EXPECT_TRUE(forks_.empty());
  EXPECT_EQ(witnesses->status()[0].trouble, "");
  EXPECT_EQ(witnesses->status()[0].lines, memory_.known->size);
  memory_.asked.clear();
  witnesses->round();
  EXPECT_TRUE(memory_.asked.empty()) << "it has the newest";
}

TEST_F(WitnessTest, OneThatIsSignedAndNotOfferedYetIsNoForkEither) {
  const std::string older = grow(12);
  const std::string newer = grow(12);
  const std::uint64_t lines = parse_checkpoint(newer)->checkpoint.size;
  const auto witnesses = make();
  memory_.known = parse_checkpoint(newer)->checkpoint;
  witnesses->offer(older);
  witnesses->round();
  EXPECT_TRUE(forks_.empty());
  EXPECT_EQ(witnesses->status()[0].trouble,
            "the witness knows a newer checkpoint of this log than was offered");
  witnesses->offer(newer);
  witnesses->round();
  EXPECT_EQ(witnesses->status()[0].trouble, "");
  EXPECT_EQ(witnesses->status()[0].lines, lines);
  memory_.known->size = lines + 50;
  witnesses->offer(grow(0));
  witnesses->round();
  EXPECT_EQ(forks_.size(), 1U) << "more than the log has";
}

}  // namespace
}  // namespace coffer::audit::test
