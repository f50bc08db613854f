// Who waits for a row to change is woken by that, by nothing else, and in time.
#include "src/daemon/parked.h"

#include <gtest/gtest.h>

#include <thread>

namespace coffer::daemon {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

class ParkedTest : public testing::Test {
 protected:
  Parked::Job make(const model::Peer& peer) {
    return std::make_unique<Exchange>(nullptr, peer, HttpRequest{});
  }
  Parked::Job make() { return make(one_); }
  /// As a worker does: it runs, is told to look out, runs again, waits.
  Parked::Place wait_for(const store::Key& row, Parked::Job job, seconds time = seconds(30)) {
    const auto until = steady_clock::now() + time;
    const Parked::Place first = parked_.park(row, until, job);
    if (first != Parked::Place::again) return first;
    return parked_.park(row, until, job);
  }
  std::vector<Parked::Job> change(const store::Key& row) {
    const store::Transaction written[] = {
        {.preconditions = {}, .writes = {{"unrelated", "x"}, {row, "y"}}}};
    return parked_.woken_by(written);
  }

  const model::Peer one_{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
  const model::Peer two_{.uid = 2, .gid = 2, .pid = 2, .groups = {}, .unit = {}};
  Parked parked_{{.all = 4, .per_uid = 2}};
};

TEST_F(ParkedTest, IsWokenByItsRowAndByNoOther) {
  EXPECT_EQ(wait_for("row", make()), Parked::Place::kept);
  EXPECT_TRUE(change("other").empty());
  EXPECT_EQ(change("row").size(), 1U);
  EXPECT_TRUE(change("row").empty()) << "once";
  EXPECT_EQ(parked_.size(), 0U);
}

TEST_F(ParkedTest, AllWhoWaitForARowAreWokenByIt) {
  EXPECT_EQ(wait_for("row", make()), Parked::Place::kept);
  EXPECT_EQ(wait_for("row", make(two_)), Parked::Place::kept);
  EXPECT_EQ(change("row").size(), 2U);
}

TEST_F(ParkedTest, AChangeBetweenARunAndItsWaitIsNotMissed) {
  auto job = make();
  const auto until = steady_clock::now() + seconds(30);
  ASSERT_EQ(parked_.park("row", until, job), Parked::Place::again);
  EXPECT_TRUE(change("row").empty()) << "it is being run";
  EXPECT_EQ(parked_.park("row", until, job), Parked::Place::again) << "and must run once more";
  ASSERT_NE(job, nullptr);
  EXPECT_EQ(parked_.park("row", until, job), Parked::Place::kept);
}

TEST_F(ParkedTest, OneThatTurnsToAnotherRowLooksOutForThat) {
  auto job = make();
  const auto until = steady_clock::now() + seconds(30);
  ASSERT_EQ(parked_.park("row", until, job), Parked::Place::again);
  EXPECT_EQ(parked_.park("other", until, job), Parked::Place::again);
  EXPECT_EQ(parked_.park("other", until, job), Parked::Place::kept);
  EXPECT_TRUE(change("row").empty());
  EXPECT_EQ(change("other").size(), 1U);
}

TEST_F(ParkedTest, AUserHasHisShareAndAllHaveTheirs) {
  const model::Peer three{.uid = 3, .gid = 3, .pid = 3, .groups = {}, .unit = {}};
  EXPECT_EQ(wait_for("a", make()), Parked::Place::kept);
  EXPECT_EQ(wait_for("b", make()), Parked::Place::kept);
  EXPECT_EQ(wait_for("c", make()), Parked::Place::full);
  EXPECT_EQ(wait_for("c", make(two_)), Parked::Place::kept);
  EXPECT_EQ(wait_for("d", make(two_)), Parked::Place::kept);
  EXPECT_EQ(wait_for("e", make(three)), Parked::Place::full);
  EXPECT_EQ(change("a").size(), 1U);
  EXPECT_EQ(wait_for("e", make(three)), Parked::Place::kept) << "there is room again";
}

TEST_F(ParkedTest, OneThatIsAnsweredAfterAllGivesItsPlaceBack) {
  for (int i = 0; i < 10; ++i) {
    auto job = make();
    ASSERT_EQ(parked_.park("row", steady_clock::now(), job), Parked::Place::again);
    parked_.forget(*job);
  }
  EXPECT_EQ(parked_.size(), 0U);
}

TEST_F(ParkedTest, ThoseWhoseTimeIsUpComeOut) {
  EXPECT_EQ(wait_for("a", make(), seconds(10)), Parked::Place::kept);
  EXPECT_EQ(wait_for("b", make(), seconds(60)), Parked::Place::kept);
  EXPECT_TRUE(parked_.late(steady_clock::now()).empty());
  EXPECT_EQ(parked_.late(steady_clock::now() + seconds(30)).size(), 1U);
  EXPECT_EQ(parked_.size(), 1U);
}

TEST_F(ParkedTest, ClosedNobodyWaitsAnyMore) {
  EXPECT_EQ(wait_for("a", make()), Parked::Place::kept);
  parked_.close();
  EXPECT_EQ(wait_for("b", make()), Parked::Place::closed);
  EXPECT_EQ(parked_.all().size(), 1U);
}

/// Writers and waiters at once: each waiter is woken, however they meet.
TEST_F(ParkedTest, NobodyIsForgottenInARace) {
  Parked parked({.all = 64, .per_uid = 64});
  std::atomic<std::uint64_t> version{0};
  std::atomic<bool> stop{false};
  std::atomic<int> woken{0};
  std::thread writer([&] {
    const store::Transaction written[] = {{.preconditions = {}, .writes = {{"row", "y"}}}};
    while (!stop) {
      ++version;
      woken += static_cast<int>(parked.woken_by(written).size());
    }
  });
  int kept = 0;
  for (int i = 0; i < 2000; ++i) {
    auto job = make();
    const std::uint64_t seen = version;
    const auto until = steady_clock::now() + seconds(60);
    for (;;) {
      const bool changed = version != seen;
      if (changed) break;
      const auto place = parked.park("row", until, job);
      if (place == Parked::Place::kept) break;
    }
    if (job == nullptr) {
      ++kept;
    } else {
      parked.forget(*job);
    }
  }
  stop = true;
  writer.join();
  const store::Transaction last[] = {{.preconditions = {}, .writes = {{"row", "y"}}}};
  woken += static_cast<int>(parked.woken_by(last).size());
  EXPECT_EQ(woken, kept);
  EXPECT_EQ(parked.size(), 0U);
}

}  // namespace
}  // namespace coffer::daemon
