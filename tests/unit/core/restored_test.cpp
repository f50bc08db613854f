// The mark of a restore: taken over once, and released once.
#include "coffer/core/restored.h"

#include <gtest/gtest.h>

#include "coffer/core/accepting.h"
#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;

class RestoredTest : public testing::Test {
 protected:
  static RestoreMark mark() {
    RestoreMark made{.created = WallTime(std::chrono::seconds(1000)),
                     .restored = WallTime(std::chrono::seconds(2000)),
                     .sequence = 17};
    made.digest.fill(0xab);
    return made;
  }
  void leave_mark(std::string value) {
    ASSERT_TRUE(vault_.commit({{}, {{restore_mark_key(), std::move(value)}}}));
  }
  void adopt() {
    const auto tx = vault_.begin();
    auto staged = TestVault::must(adopt_restore_mark(*vault_.store, *tx));
    ASSERT_TRUE(staged.empty() || vault_.commit(std::move(staged)));
  }
  std::optional<Restored> found() { return TestVault::must(read_restored(*vault_.begin())); }

  TestVault vault_;
};

TEST_F(RestoredTest, AVaultThatWasNeverRestoredHasNone) {
  adopt();
  EXPECT_FALSE(found());
  EXPECT_EQ(release_restored(*vault_.begin()).error().code, ErrorCode::precondition);
}

TEST_F(RestoredTest, TheMarkInClearBecomesASealedRow) {
  leave_mark(encode_restore_mark(mark()));
  adopt();
  ASSERT_TRUE(found());
  EXPECT_TRUE(found()->paused);
  EXPECT_EQ(found()->mark.created, mark().created);
  EXPECT_EQ(found()->mark.restored, mark().restored);
  EXPECT_EQ(found()->mark.digest, mark().digest);
  const auto snapshot = TestVault::must(vault_.store->snapshot());
  EXPECT_FALSE(TestVault::must(snapshot->get(restore_mark_key()))) << "it is gone in clear";
}

TEST_F(RestoredTest, IsReleasedOnce) {
  leave_mark(encode_restore_mark(mark()));
  const std::uint64_t before = vault_.store->sequence();
  adopt();
  EXPECT_EQ(TestVault::must(restores_released(*vault_.begin())), 0U);
  const auto tx = vault_.begin();
  ASSERT_TRUE(release_restored(*tx).ok());
  ASSERT_TRUE(vault_.commit(tx->take()));
  EXPECT_FALSE(found()->paused);
  EXPECT_EQ(TestVault::must(restores_released(*vault_.begin())), 1U);
  EXPECT_EQ(found()->mark.sequence, before) << "tokens from before stay void";
  EXPECT_EQ(release_restored(*vault_.begin()).error().code, ErrorCode::precondition);
}

TEST_F(RestoredTest, AnotherRestorePausesAnew) {
  leave_mark(encode_restore_mark(mark()));
  adopt();
  const auto tx = vault_.begin();
  ASSERT_TRUE(release_restored(*tx).ok());
  ASSERT_TRUE(vault_.commit(tx->take()));
  const std::uint64_t first = found()->mark.sequence;
  leave_mark(encode_restore_mark(mark()));
  adopt();
  EXPECT_TRUE(found()->paused);
  EXPECT_GT(found()->mark.sequence, first);
}

/// Whoever writes a mark by hand would write 0, for no token to be void.
TEST_F(RestoredTest, AllThatTheStoreHasIsFromBeforeWhateverTheMarkSays) {
  for (const std::uint64_t claimed : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    RestoreMark forged = mark();
    forged.sequence = claimed;
    leave_mark(encode_restore_mark(forged));
    const std::uint64_t before = vault_.store->sequence();
    adopt();
    EXPECT_EQ(found()->mark.sequence, before);
  }
}

TEST_F(RestoredTest, AMarkThatIsNoneIsCorrupt) {
  const std::string good = encode_restore_mark(mark());
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() - 1), good + "x", "\2" + good.substr(1)}) {
    leave_mark(bad);
    const auto tx = vault_.begin();
    EXPECT_EQ(adopt_restore_mark(*vault_.store, *tx).error().code, ErrorCode::corrupt);
  }
}

TEST(Accepting, IsARowInClearOfTwoBytes) {
  EXPECT_EQ(accepting_key(), "coffer/accepting");
  EXPECT_EQ(encode_accepting(false), std::string("\1\0", 2));
  EXPECT_EQ(encode_accepting(true), "\1\1");
  EXPECT_FALSE(rows_went(encode_accepting(false)));
  EXPECT_TRUE(rows_went(encode_accepting(true)));
}

TEST(Accepting, OneThatCantBeReadSaysNothing) {
  for (const std::string& bad : {std::string(), std::string("\1"), std::string("\2\1"),
                                 std::string("\1\1\1"), std::string("\1\2")}) {
    EXPECT_FALSE(rows_went(bad));
  }
}

}  // namespace
}  // namespace coffer::core
