// A wall clock that jumps, and what counts meanwhile.
#include "coffer/lifecycle/effective_time.h"

#include <gtest/gtest.h>

namespace coffer::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class TwoClocks final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return wall_now; }
  [[nodiscard]] std::chrono::nanoseconds boottime() const override { return boot_now; }
  void pass(std::chrono::nanoseconds time) {
    wall_now += time;
    boot_now += time;
  }
  WallTime wall_now{hours(24 * 365 * 50)};
  std::chrono::nanoseconds boot_now{hours(3)};
};

class EffectiveTimeTest : public testing::Test {
 protected:
  TwoClocks clock_;
  EffectiveTime time_{clock_};
  const WallTime start_ = clock_.wall_now;
};

TEST_F(EffectiveTimeTest, GoesWithAClockThatGoes) {
  clock_.pass(hours(5));
  EXPECT_FALSE(time_.read().stepped);
  EXPECT_EQ(time_.effective().wall(), start_ + hours(5));
  EXPECT_EQ(time_.latest().wall(), start_ + hours(5));
  EXPECT_EQ(time_.effective().boottime(), clock_.boot_now);
}

TEST_F(EffectiveTimeTest, FollowsSmallCorrections) {
  for (const auto step : {seconds(2), seconds(-2), seconds(300), seconds(-300)}) {
    clock_.wall_now += step;
    EXPECT_FALSE(time_.read().stepped);
    EXPECT_EQ(time_.effective().wall(), clock_.wall_now);
  }
}

TEST_F(EffectiveTimeTest, AStepForwardEndsNothingAtOnceAndServesNothingLonger) {
  clock_.wall_now += hours(24);
  clock_.pass(minutes(1));
  EXPECT_TRUE(time_.read().stepped);
  EXPECT_EQ(time_.effective().wall(), start_ + minutes(1));
  EXPECT_EQ(time_.latest().wall(), start_ + hours(24) + minutes(1));
  time_.confirm();
  EXPECT_FALSE(time_.read().stepped);
  EXPECT_EQ(time_.effective().wall(), start_ + hours(24) + minutes(1));
}

TEST_F(EffectiveTimeTest, AStepBackBringsNothingBack) {
  clock_.wall_now -= hours(24);
  clock_.pass(minutes(10));
  EXPECT_TRUE(time_.read().stepped);
  EXPECT_EQ(time_.effective().wall(), start_ + minutes(10));
  EXPECT_EQ(time_.latest().wall(), start_ + minutes(10));
  time_.confirm();
  EXPECT_EQ(time_.effective().wall(), start_ - hours(24) + minutes(10));
}

TEST_F(EffectiveTimeTest, AClockThatIsSetRightAgainNeedsNoConfirmation) {
  clock_.wall_now += hours(24);
  EXPECT_TRUE(time_.read().stepped);
  clock_.pass(minutes(30));
  clock_.wall_now -= hours(24);
  EXPECT_FALSE(time_.read().stepped);
  EXPECT_EQ(time_.effective().wall(), start_ + minutes(30));
}

TEST_F(EffectiveTimeTest, AClockThatStandsStillCountsAsAStep) {
  clock_.boot_now += minutes(6);
  EXPECT_TRUE(time_.read().stepped);
  EXPECT_EQ(time_.effective().wall(), start_ + minutes(6));
}

TEST_F(EffectiveTimeTest, WhatTheStoreKnowsOfIsNotUndone) {
  time_.at_least(start_ + hours(2));
  EXPECT_TRUE(time_.read().stepped) << "the clock was set back while nobody looked";
  clock_.pass(minutes(1));
  EXPECT_EQ(time_.effective().wall(), start_ + hours(2) + minutes(1));
  time_.at_least(start_);
  EXPECT_EQ(time_.effective().wall(), start_ + hours(2) + minutes(1));
}

}  // namespace
}  // namespace coffer::lifecycle
