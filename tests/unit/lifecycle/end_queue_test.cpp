// Which end is tried next, step by step: what its callers do is in the test's hand.
#include "src/lifecycle/end_queue.h"

#include <gtest/gtest.h>

namespace coffer::lifecycle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class EndQueueTest : public testing::Test {
 protected:
  /// So many more of the target `db`, named by their numbers.
  void add(int count) {
    queue_.hint("db", now_);
    const auto look = queue_.next_look(now_);
    ASSERT_TRUE(look.has_value());
    std::vector<PendingEnd> ends;
    for (int i = 0; i < count; ++i) ends.push_back(pending(std::to_string(++made_)));
    queue_.found(*look, std::move(ends), {}, true, WallTime(), now_);
  }
  static PendingEnd pending(std::string name) {
    PendingEnd end;
    end.lease.terms.target = "db";
    end.lease.terms.prefix = "database/creds/app/";
    end.lease.name = std::move(name);
    end.version = 1;
    return end;
  }
  std::vector<PendingEnd> take_all() {
    std::vector<PendingEnd> taken;
    while (auto end = queue_.take(now_)) taken.push_back(*std::move(end));
    return taken;
  }
  /// Each of them failed, so long after it was taken, and is due again after its pause.
  void fail(std::vector<PendingEnd> ends, EndQueue::Time after) {
    now_ += after;
    for (const PendingEnd& end : ends) queue_.failed(end, now_);
    queue_.hint("db", now_);
    const auto look = queue_.next_look(now_);
    ASSERT_TRUE(look.has_value());
    for (PendingEnd& end : ends) {
      ++end.version;
      ++end.attempts;
      end.not_before = WallTime() + seconds(1);
    }
    queue_.found(*look, std::move(ends), {}, true, WallTime(), now_);
    now_ += seconds(1);
  }

  EndQueue queue_;
  EndQueue::Time now_ = seconds(1000);
  int made_ = 0;
};

/// A lock that somebody holds keeps each of them for as long as the database waits for it. They are
/// tried on, but whoever is to end beside them finds places.
TEST_F(EndQueueTest, WhatFailedSlowlyHasOnePlaceAlone) {
  add(8);
  fail(take_all(), seconds(5));
  EXPECT_EQ(take_all().size(), 1U);
  add(12);
  EXPECT_EQ(take_all().size(), LeaseEnds::kPerTarget - 1);
  EXPECT_TRUE(queue_.reachable("db"));
}

TEST_F(EndQueueTest, WhatIsRefusedAtOnceKeepsItsPlaces) {
  add(6);
  fail(take_all(), milliseconds(20));
  EXPECT_EQ(take_all().size(), 6U);
}

TEST_F(EndQueueTest, EachThatIsSlowHasItsTurnBesideOthers) {
  add(4);
  fail(take_all(), seconds(5));
  std::set<std::string> tried;
  for (int i = 0; i < 4; ++i) {
    add(1);  // there is always one that is ready
    auto taken = take_all();
    ASSERT_EQ(taken.size(), 2U);
    for (PendingEnd& end : taken) {
      if (end.attempts == 0) {
        queue_.done(end, true, now_);
      } else {
        tried.insert(end.lease.name);
        fail({end}, seconds(5));
      }
    }
  }
  EXPECT_EQ(tried.size(), 4U);
}

/// What was in its way may have been in the others'.
TEST_F(EndQueueTest, TheFirstSlowOneThatGoesFreesTheOthers) {
  add(6);
  fail(take_all(), seconds(5));
  const auto one = take_all();
  ASSERT_EQ(one.size(), 1U);
  queue_.done(one.front(), true, now_);
  EXPECT_EQ(take_all().size(), 5U);
}

TEST_F(EndQueueTest, OneThatIsSlowNoMoreIsLikeTheOthers) {
  add(2);
  fail(take_all(), seconds(5));
  auto one = take_all();
  ASSERT_EQ(one.size(), 1U);
  fail(std::move(one), milliseconds(20));
  EXPECT_EQ(take_all().size(), 2U) << "itself, and the one that is";
}

TEST_F(EndQueueTest, ATargetThatIsAwayIsTriedByOneHoweverSlowTheOthersAre) {
  add(3);
  fail(take_all(), seconds(5));
  auto one = take_all();
  ASSERT_EQ(one.size(), 1U);
  queue_.unreachable(one.front(), now_);
  add(2);
  EXPECT_TRUE(take_all().empty());
  now_ += seconds(2);
  EXPECT_EQ(take_all().size(), 1U);
}

}  // namespace
}  // namespace coffer::lifecycle
