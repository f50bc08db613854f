// What is due happens by itself, on the record, once.
#include "coffer/core/sweeper.h"

#include <gtest/gtest.h>

#include <atomic>

#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;

/// The sweeper's work goes to no sink.
class NoSink final : public ReplySink {
 public:
  void release(std::vector<std::unique_ptr<Reply>>) override { ADD_FAILURE() << "released"; }
  void run_again(std::unique_ptr<Reply>) override { ADD_FAILURE() << "run again"; }
};

class SweeperTest : public testing::Test {
 protected:
  void schedule(const std::string& kind) {
    const auto tx = vault_.begin();
    const WallTime now = system_clock().wall();
    TestVault::must(lifecycle::schedule(*tx, kind, "thing", now, now));
    ASSERT_TRUE(vault_.commit(tx->take()));
  }
  std::size_t due() {
    return TestVault::must(lifecycle::due(*vault_.begin(), system_clock().wall(), 64)).due.size();
  }
  template <typename Done>
  void sweep_until(Done done) {
    Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
    const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock());
    for (int i = 0; i < 2000 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(done());
  }

  TestVault vault_;
  NoSink sink_;
  std::atomic<int> calls_{0};
};

TEST_F(SweeperTest, HandlesWhatIsDueOnceAndLeavesBothLines) {
  vault_.open().due_handlers.add(
      "test",
      [&](envelope::SealedTransaction&, const lifecycle::Due& due, WallTime) -> Result<void> {
        EXPECT_EQ(due.id, "thing");
        ++calls_;
        return {};
      });
  schedule("test");
  sweep_until([&] { return calls_ > 0 && due() == 0; });
  EXPECT_EQ(calls_, 1);
  int lines = 0;
  for (const auto& line : vault_.log.lines()) {
    lines += line.body.find("sys/due/test/thing") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(lines, 2);
}

TEST_F(SweeperTest, WhatFailsIsPutOffAndKept) {
  vault_.open().due_handlers.add(
      "test", [&](envelope::SealedTransaction&, const lifecycle::Due&, WallTime) -> Result<void> {
        ++calls_;
        return make_error(ErrorCode::unavailable, "not now");
      });
  schedule("test");
  sweep_until([&] { return calls_ > 0 && due() == 0; });
  EXPECT_EQ(calls_, 1) << "not again and again";
  const auto later = system_clock().wall() + std::chrono::minutes(5);
  EXPECT_EQ(TestVault::must(lifecycle::due(*vault_.begin(), later, 64)).due.size(), 1U);
}

/// As after a restore. What stays inside goes on meanwhile, and what waits isn't lost.
TEST_F(SweeperTest, WhatReachesOutsideWaitsWhileItIsPaused) {
  std::atomic<int> outside{0};
  vault_.open().due_handlers.add(
      "outside",
      [&](envelope::SealedTransaction&, const lifecycle::Due&, WallTime) -> Result<void> {
        ++outside;
        return {};
      },
      lifecycle::Effects::outside);
  vault_.open().due_handlers.add(
      "inside", [&](envelope::SealedTransaction&, const lifecycle::Due&, WallTime) -> Result<void> {
        ++calls_;
        return {};
      });
  vault_.open().outside_paused = true;
  schedule("outside");
  schedule("inside");
  sweep_until([&] { return calls_ > 0 && due() == 0; });
  EXPECT_EQ(outside, 0);
  for (const auto& line : vault_.log.lines()) {
    EXPECT_EQ(line.body.find("sys/due/outside"), std::string::npos) << "nothing happened";
  }
  const auto later = system_clock().wall() + std::chrono::minutes(5);
  const auto waiting = TestVault::must(lifecycle::due(*vault_.begin(), later, 64)).due;
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].kind, "outside");
  vault_.open().outside_paused = false;
  schedule("outside");
  sweep_until([&] { return outside > 0; });
}

TEST_F(SweeperTest, AnOutsideEffectFindsItsRequestLineOnDisk) {
  const auto lines_of = [&] {
    int lines = 0;
    for (const auto& line : vault_.log.lines()) {
      lines += line.body.find("sys/due/test/thing") != std::string::npos ? 1 : 0;
    }
    return lines;
  };
  std::atomic<int> seen{-1};
  vault_.open().due_handlers.add(
      "test",
      [&](envelope::SealedTransaction&, const lifecycle::Due&, WallTime) -> Result<void> {
        seen = lines_of();
        ++calls_;
        return {};
      },
      lifecycle::Effects::outside);
  schedule("test");
  sweep_until([&] { return calls_ > 0 && due() == 0; });
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(lines_of(), 2);
}

/// Work in steps, each of which sets the next one.
TEST_F(SweeperTest, StepsFollowEachOtherByThemselves) {
  vault_.open().due_handlers.add("test",
                                 [&](envelope::SealedTransaction& tx, const lifecycle::Due& due,
                                     WallTime now) -> Result<void> {
                                   if (++calls_ == 50) return {};
                                   return lifecycle::schedule(tx, "test", due.id, now, now);
                                 });
  schedule("test");
  sweep_until([&] { return calls_ == 50 && due() == 0; });
}

TEST_F(SweeperTest, TakesUpTheWorkOnTheVaultsKeys) {
  ASSERT_TRUE(
      vault_.call(model::Operation::update, "sys/rotate/config", R"({"rewrap_rate":0})").ok());
  for (int n = 0; n < 5; ++n) {
    ASSERT_TRUE(vault_
                    .call(model::Operation::update, "secret/data/k" + std::to_string(n),
                          R"({"data":{"a":"b"}})")
                    .ok());
  }
  ASSERT_TRUE(vault_.call(model::Operation::update, "sys/rotate").ok());
  sweep_until([&] {
    const auto status = vault_.call(model::Operation::read, "sys/rotate/status");
    return status.ok() && status->data.find("\"phase\":\"done\",\"done\":5") != std::string::npos;
  });
}

TEST_F(SweeperTest, ASealedVaultIsLeftAlone) {
  schedule("token_end");
  vault_.state->seal();
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const std::size_t lines = vault_.log.lines().size();
  { const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock()); }
  EXPECT_EQ(vault_.log.lines().size(), lines);
}

}  // namespace
}  // namespace coffer::core
