// A file of checkpoints that somebody takes away while the daemon writes it.
#include "coffer/audit/checkpointer.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

class CheckpointsLostTest : public LogTest {
 protected:
  [[nodiscard]] std::vector<Checkpoint> signed_in() const {
    std::vector<Checkpoint> all;
    const std::string text = read_all(checkpoints_in(directory_.path(), 1).path);
    for (const auto note : split_notes(text)) all.push_back(parse_checkpoint(note)->checkpoint);
    return all;
  }
  std::shared_ptr<crypto::Signer> signer_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{7});
};

TEST_F(CheckpointsLostTest, AFileThatIsTakenAwayIsMissedAndMadeAgain) {
  const auto log = *open_log(config(), clock_);
  Checkpointer checkpointer(
      *log, clock_, {directory_.path(), kNode, Durability::crash, std::chrono::seconds(60)},
      [this] { return signer_; }, Checkpointer::Threads::none);
  append(*log, {event("a")}, true);
  checkpointer.round();
  const std::string path = checkpoints_in(directory_.path(), 1).path;
  const std::string before = read_all(path);
  const auto spoil = [&](int how) {
    if (how == 0) std::filesystem::remove(path);
    if (how == 1) std::filesystem::resize_file(path, before.size() / 2);
    if (how == 2) {
      std::filesystem::rename(path, path + ".old");
      write_all(path, before);
      std::filesystem::permissions(path, std::filesystem::perms(0600));
    }
  };
  for (const int how : {0, 1, 2}) {
    spoil(how);
    checkpointer.round();  // nothing else was written
    const auto lines = split(read_all(segment_in(directory_.path(), 1).path));
    EXPECT_NE(lines.back().find("\"type\":\"checkpoints_lost\""), std::string::npos) << how;
    ASSERT_FALSE(signed_in().empty()) << how;
    EXPECT_EQ(signed_in().back().size, lines.size()) << how;
    checkpointer.round();
    EXPECT_EQ(signed_in().back().size, lines.size()) << how;
  }
  const auto seen = *inspect_directory(directory_.path());
  EXPECT_FALSE(seen.flaw.has_value()) << seen.flaw->what;
}

}  // namespace
}  // namespace coffer::audit::test
