// What takes long holds up nothing, happens once, and is never lost.
#include "coffer/core/errands.h"

#include <gtest/gtest.h>

#include <atomic>

#include "coffer/core/sweeper.h"
#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;
using lifecycle::Effects;
using lifecycle::Errand;

class NoSink final : public ReplySink {
 public:
  void release(std::vector<std::unique_ptr<Reply>>) override { ADD_FAILURE() << "released"; }
  void run_again(std::unique_ptr<Reply>) override { ADD_FAILURE() << "run again"; }
};

class ErrandsTest : public testing::Test {
 protected:
  using Act = std::function<Result<void>(const std::stop_token&)>;
  using Record = std::function<Result<void>(envelope::SealedTransaction&, WallTime)>;
  using WaitsFor = lifecycle::Handlers::WaitsFor;

  void add(const std::string& kind, Act act, Record record = {}, Effects effects = Effects::outside,
           WaitsFor waits_for = {}) {
    vault_.open().due_handlers.add_errand(
        kind,
        [act = std::move(act), record = std::move(record), kind](
            envelope::SealedTransaction&, const lifecycle::Due& due,
            WallTime) -> Result<std::optional<Errand>> {
          return std::optional(Errand{"sys/test/" + kind + "/" + due.id, act, record});
        },
        effects, std::move(waits_for));
  }
  /// Of a kind whose ids name what they wait for: "a1" waits for "a".
  void add_by_target(const std::string& kind, Act act) {
    add(kind, std::move(act), {}, Effects::outside,
        [](envelope::SealedTransaction&, const lifecycle::Due& due) -> Result<std::string> {
          return due.id.substr(0, due.id.find_first_of("0123456789"));
        });
  }
  void schedule(const std::string& kind, const std::string& id = "thing") {
    const auto tx = vault_.begin();
    const WallTime now = system_clock().wall();
    TestVault::must(lifecycle::schedule(*tx, kind, id, now, now));
    ASSERT_TRUE(vault_.commit(tx->take()));
  }
  void schedule_many(const std::string& kind, const std::string& target, std::size_t count) {
    const auto tx = vault_.begin();
    const WallTime now = system_clock().wall();
    for (std::size_t n = 0; n < count; ++n) {
      TestVault::must(lifecycle::schedule(*tx, kind, target + std::to_string(n), now, now));
    }
    ASSERT_TRUE(vault_.commit(tx->take()));
  }
  std::size_t due(std::chrono::seconds ahead = std::chrono::seconds(0)) {
    return TestVault::must(lifecycle::due(*vault_.begin(), system_clock().wall() + ahead, 64))
        .due.size();
  }
  template <typename Done>
  void wait_until(Done done) {
    for (int i = 0; i < 12000 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(done());
  }
  template <typename Done>
  void sweep_until(Done done) {
    Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
    const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock());
    wait_until(done);
  }
  int lines_of(const std::string& path) {
    int lines = 0;
    for (const auto& line : vault_.log.lines()) {
      lines += line.body.find(path) != std::string::npos ? 1 : 0;
    }
    return lines;
  }
  static Act blocked_by(std::atomic<bool>& gate, std::atomic<int>& began) {
    return [&](const std::stop_token& stop) -> Result<void> {
      ++began;
      while (!gate && !stop.stop_requested()) std::this_thread::yield();
      if (gate) return {};
      return make_error(ErrorCode::unavailable, "told to stop");
    };
  }

  TestVault vault_;
  NoSink sink_;
  std::atomic<int> acts_{0};
  std::atomic<int> records_{0};
};

TEST_F(ErrandsTest, ActsAndRecordsOnceWithBothLines) {
  add(
      "test",
      [&](const std::stop_token&) -> Result<void> {
        EXPECT_EQ(lines_of("sys/test/test/thing"), 1) << "the request line is on disk before";
        ++acts_;
        return {};
      },
      [&](envelope::SealedTransaction&, WallTime) -> Result<void> {
        ++records_;
        return {};
      });
  schedule("test");
  sweep_until([&] { return records_ > 0 && due() == 0; });
  EXPECT_EQ(acts_, 1);
  EXPECT_EQ(records_, 1);
  EXPECT_EQ(lines_of("sys/test/test/thing"), 2);
}

TEST_F(ErrandsTest, OneThatHangsHoldsUpNeitherOthersNorRowsThatAreHandledAtOnce) {
  std::atomic<bool> gate{false};
  add("slow", blocked_by(gate, acts_));
  std::atomic<int> handled{0};
  vault_.open().due_handlers.add(
      "quick", [&](envelope::SealedTransaction&, const lifecycle::Due&, WallTime) -> Result<void> {
        ++handled;
        return {};
      });
  // More than there are threads.
  for (int n = 0; n < 20; ++n) schedule("slow", std::to_string(n));
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock());
  wait_until([&] { return acts_ == static_cast<int>(Errands::kThreadsOfOne); });
  schedule("quick");
  // Its own row goes with the commit, a moment after.
  wait_until([&] { return handled == 1 && due() == 20; });
  EXPECT_EQ(due(), 20U) << "a row stands until its errand is on record";
  gate = true;
  wait_until([&] { return due() == 0; });
  EXPECT_EQ(acts_, 20) << "each once";
}

TEST_F(ErrandsTest, ThoseOfOneTargetThatHangHoldUpNoOther) {
  std::atomic<bool> gate{false};
  std::atomic<int> others{0};
  add_by_target("slow", blocked_by(gate, acts_));
  add_by_target("other", [&](const std::stop_token&) -> Result<void> {
    ++others;
    return {};
  });
  schedule_many("slow", "hangs", 3 * Errands::kMaxHeld);
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock());
  wait_until([&] { return acts_ == static_cast<int>(Errands::kThreadsOfOne); });
  schedule_many("other", "answers", 10);
  wait_until([&] { return others == 10; });
  EXPECT_EQ(acts_, static_cast<int>(Errands::kThreadsOfOne)) << "no more of the one that hangs";
  schedule_many("other", "hangs", 1);
  schedule_many("other", "answers-too", 1);
  wait_until([&] { return others == 11; });
  EXPECT_EQ(others, 11) << "the other of what hangs waits as well, whatever its kind";
  gate = true;
}

TEST_F(ErrandsTest, HoweverManyTargetsHangWhatWaitsForNothingGoesOn) {
  constexpr int kMost = static_cast<int>(Errands::kThreads - Errands::kThreadsKept);
  std::atomic<bool> gate{false};
  add_by_target("slow", blocked_by(gate, acts_));
  add(
      "inside", {},
      [&](envelope::SealedTransaction&, WallTime) -> Result<void> {
        ++records_;
        return {};
      },
      Effects::inside);
  std::size_t all = 0;
  for (char letter = 'a'; letter <= 'z'; ++letter, all += 3) {
    schedule_many("slow", std::string(1, letter), 3);
  }
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock());
  wait_until([&] { return acts_ == kMost; });
  schedule_many("inside", "x", 20);
  wait_until([&] { return records_ == 20; });
  EXPECT_EQ(acts_, kMost);
  gate = true;
  wait_until([&] { return due() == 0 && due(std::chrono::minutes(1)) == 0; });
  EXPECT_EQ(acts_, static_cast<int>(all)) << "each once";
}

TEST_F(ErrandsTest, NobodyGetsAllPlacesInTheLine) {
  std::atomic<bool> gate{false};
  add("slow", blocked_by(gate, acts_));
  constexpr std::size_t kRows = 2 * Errands::kMaxHeld + 4;
  schedule_many("slow", "row", kRows);
  auto rows = TestVault::must(lifecycle::due(*vault_.begin(), system_clock().wall(), kRows)).due;
  ASSERT_EQ(rows.size(), kRows);
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  Errands errands(door, system_clock(), [] {});
  const auto vault = vault_.state->unsealed();
  const auto take = [&](const std::string& target) {
    const bool taken = errands.take(vault, rows.back(), target);
    EXPECT_EQ(errands.holds(rows.back()), taken);
    if (taken) rows.pop_back();
    return taken;
  };
  const auto taken_of = [&](const std::string& target, std::size_t wanted) {
    std::size_t taken = 0;
    while (taken < wanted && take(target)) ++taken;
    return taken;
  };
  for (const char* target : {"a", "b", "c", "d"}) {
    EXPECT_EQ(taken_of(target, Errands::kMaxHeld), Errands::kMaxHeldOfOne);
  }
  EXPECT_EQ(taken_of("e", 2), 1U) << "all places are taken, but whoever has none gets one";
  EXPECT_EQ(taken_of("", Errands::kMaxHeld + 1), Errands::kMaxHeld) << "these have places apart";
  EXPECT_EQ(errands.held(), 2 * Errands::kMaxHeld + 1);
  errands.drop();
  wait_until([&] { return errands.held() == 0; });
  EXPECT_EQ(taken_of("a", 1), 1U) << "they are free again";
}

TEST_F(ErrandsTest, WhatIsCutShortIsDueStill) {
  std::atomic<bool> gate{false};
  add("slow", blocked_by(gate, acts_), [&](envelope::SealedTransaction&, WallTime) -> Result<void> {
    ++records_;
    return {};
  });
  schedule("slow");
  sweep_until([&] { return acts_ == 1; });
  EXPECT_EQ(records_, 0);
  EXPECT_EQ(due(), 1U);
  EXPECT_EQ(lines_of("sys/test/slow/thing"), 2) << "its request isn't left open";
  gate = true;
  sweep_until([&] { return records_ == 1 && due() == 0; });
  EXPECT_EQ(acts_, 2);
}

TEST_F(ErrandsTest, ASealCutsItShort) {
  std::atomic<bool> gate{false};
  add("slow", blocked_by(gate, acts_));
  schedule("slow");
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const Sweeper sweeper(*vault_.state, *vault_.store, door, system_clock());
  wait_until([&] { return acts_ == 1; });
  std::weak_ptr<Unsealed> open = vault_.state->unsealed();
  vault_.state->seal();
  wait_until([&] { return open.expired(); });
}

TEST_F(ErrandsTest, AnErrorOfTheActIsInTheLogAndWhatCameOfItIsRecorded) {
  add(
      "test",
      [&](const std::stop_token&) -> Result<void> {
        return make_error(ErrorCode::unavailable, "the program did not answer");
      },
      [&](envelope::SealedTransaction&, WallTime) -> Result<void> {
        ++records_;
        return {};
      });
  schedule("test");
  sweep_until([&] { return records_ == 1 && due() == 0; });
  EXPECT_EQ(lines_of("the program did not answer"), 1);
}

TEST_F(ErrandsTest, ALostRaceRecordsAgainAndActsOnce) {
  const envelope::RowName row{{.mount = {{7}}, .table = 1}, "", "row"};
  const auto bump = [&] {
    const auto tx = vault_.begin();
    TestVault::must(tx->write(row, "other", envelope::Expect::anything()));
    ASSERT_TRUE(vault_.commit(tx->take()));
  };
  bump();
  add(
      "test",
      [&](const std::stop_token&) -> Result<void> {
        ++acts_;
        return {};
      },
      [&](envelope::SealedTransaction& tx, WallTime) -> Result<void> {
        COFFER_TRY(const auto there, tx.read(row));
        if (++records_ == 1) bump();  // someone is faster
        return tx.write(row, "mine", envelope::Expect::unchanged(there->version));
      });
  schedule("test");
  sweep_until([&] { return records_ == 2 && due() == 0; });
  EXPECT_EQ(acts_, 1);
  EXPECT_EQ(TestVault::must(vault_.begin()->read(row))->value, "mine");
  EXPECT_EQ(lines_of("sys/test/test/thing"), 2);
}

TEST_F(ErrandsTest, WhatCantBeRecordedIsPutOff) {
  add("test", {}, [&](envelope::SealedTransaction&, WallTime) -> Result<void> {
    ++records_;
    return make_error(ErrorCode::unavailable, "no token");
  });
  schedule("test");
  sweep_until([&] { return records_ > 0 && due() == 0; });
  EXPECT_EQ(records_, 1) << "not again and again";
  EXPECT_EQ(due(std::chrono::minutes(1)), 1U);
}

TEST_F(ErrandsTest, WhatReachesOutsideWaitsAfterARestoreAndTheRestGoesOn) {
  add("outside", [&](const std::stop_token&) -> Result<void> {
    ++acts_;
    return {};
  });
  add(
      "inside", {},
      [&](envelope::SealedTransaction&, WallTime) -> Result<void> {
        ++records_;
        return {};
      },
      Effects::inside);
  vault_.open().outside_paused = true;
  schedule("outside");
  schedule("inside");
  sweep_until([&] { return records_ == 1 && due() == 0; });
  EXPECT_EQ(acts_, 0);
  EXPECT_EQ(due(std::chrono::minutes(5)), 1U) << "it isn't lost";
}

TEST_F(ErrandsTest, ARowThatNeedsNothingGoes) {
  vault_.open().due_handlers.add_errand(
      "test",
      [&](envelope::SealedTransaction&, const lifecycle::Due&,
          WallTime) -> Result<std::optional<Errand>> {
        ++acts_;
        return std::optional<Errand>();
      },
      Effects::outside);
  schedule("test");
  sweep_until([&] { return acts_ == 1 && due() == 0; });
  EXPECT_EQ(due(std::chrono::minutes(5)), 0U);
}

}  // namespace
}  // namespace coffer::core
