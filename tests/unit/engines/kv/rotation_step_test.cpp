// The rules of a rotation: when the same value is tried again, and when another.
#include "src/engines/kv/rotation_step.h"

#include <gtest/gtest.h>

#include "src/engines/kv/rotation_timing.h"

namespace coffer::engines::kv {
namespace {

using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

const WallTime kNow{std::chrono::hours(1000)};
constexpr Uuid kRun{{1}};
constexpr Uuid kFresh{{2}};

class RotationRules : public testing::Test {
 protected:
  RotationRules() { state_.run = kRun; }
  Change end(RotationStep step, StepEnd how, bool only_try = true, bool outside = true) {
    const StepResult result{.end = how, .value = {}, .why = "because"};
    return after_step(state_, step, result,
                      {.now = kNow, .outside = outside, .only_try = only_try, .fresh_run = kFresh});
  }
  void at(Phase phase) {
    state_.phase = phase;
    state_.pending = true;
  }
  RotationState state_;
};

TEST_F(RotationRules, TheFourStepsFollowEachOther) {
  state_.phase = Phase::create;
  EXPECT_EQ(end(RotationStep::create, StepEnd::done), Change::seal);
  EXPECT_EQ(state_.phase, Phase::set);
  EXPECT_EQ(state_.next, kNow);
  EXPECT_EQ(end(RotationStep::set, StepEnd::done), Change::keep);
  EXPECT_EQ(state_.phase, Phase::test);
  EXPECT_EQ(end(RotationStep::test, StepEnd::done), Change::promote);
  EXPECT_EQ(end(RotationStep::finish, StepEnd::done), Change::end);
  EXPECT_EQ(state_.run, kRun) << "one value, one run";
  EXPECT_EQ(state_.failures, 0U);
}

TEST_F(RotationRules, WithNothingOutsideAValueIsCurrentOnceItIsMade) {
  state_.phase = Phase::create;
  EXPECT_EQ(end(RotationStep::create, StepEnd::done, true, false), Change::promote);
}

TEST_F(RotationRules, ARefusedValueIsFollowedByAnother) {
  at(Phase::set);
  EXPECT_EQ(end(RotationStep::set, StepEnd::refused), Change::drop);
  EXPECT_EQ(state_.phase, Phase::create);
  EXPECT_EQ(state_.run, kFresh);
  EXPECT_EQ(state_.trouble, "set: because");
  EXPECT_GT(state_.next, kNow);
}

TEST_F(RotationRules, AnUnknownEndKeepsTheValue) {
  at(Phase::set);
  EXPECT_EQ(end(RotationStep::set, StepEnd::unknown), Change::keep);
  EXPECT_EQ(state_.phase, Phase::set);
  EXPECT_EQ(state_.run, kRun);
  EXPECT_TRUE(state_.uncertain);
}

/// It may be in force, and then nothing else would get us in.
TEST_F(RotationRules, AfterAnUnknownEndARefusalIsNotBelievedBeforeATest) {
  at(Phase::set);
  EXPECT_EQ(end(RotationStep::set, StepEnd::unknown), Change::keep);
  EXPECT_EQ(end(RotationStep::set, StepEnd::refused, false), Change::keep);
  EXPECT_EQ(state_.phase, Phase::test);
  EXPECT_EQ(state_.run, kRun);
  EXPECT_EQ(end(RotationStep::test, StepEnd::done), Change::promote) << "it was in force";
}

TEST_F(RotationRules, RefusedAndNotWorkingItIsDropped) {
  at(Phase::set);
  EXPECT_EQ(end(RotationStep::set, StepEnd::unknown), Change::keep);
  EXPECT_EQ(end(RotationStep::set, StepEnd::refused, false), Change::keep);
  EXPECT_EQ(end(RotationStep::test, StepEnd::refused), Change::drop);
  EXPECT_EQ(state_.run, kFresh);
  EXPECT_FALSE(state_.uncertain);
}

TEST_F(RotationRules, AnAttemptThatNobodyRemembersMakesARefusalUncertain) {
  at(Phase::set);
  EXPECT_EQ(end(RotationStep::set, StepEnd::refused, /*only_try=*/false), Change::keep);
  EXPECT_EQ(state_.phase, Phase::test);
}

/// Whoever set it may have ended the old one with it.
TEST_F(RotationRules, WhatWasSetIsNeverDropped) {
  at(Phase::set);
  EXPECT_EQ(end(RotationStep::set, StepEnd::done), Change::keep);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(end(RotationStep::test, StepEnd::refused), Change::keep);
    EXPECT_EQ(state_.phase, Phase::set);
    EXPECT_EQ(end(RotationStep::set, StepEnd::refused), Change::keep);
    EXPECT_EQ(state_.phase, Phase::test);
    EXPECT_EQ(state_.run, kRun);
  }
}

TEST_F(RotationRules, AFailedFinishIsTriedForEver) {
  at(Phase::finish);
  for (std::uint32_t i = 1; i < 40; ++i) {
    EXPECT_EQ(end(RotationStep::finish, i % 2 == 0 ? StepEnd::refused : StepEnd::unknown),
              Change::keep);
    EXPECT_EQ(state_.phase, Phase::finish);
    EXPECT_EQ(state_.failures, i);
    EXPECT_LE(state_.next, kNow + std::chrono::minutes(15));
  }
}

TEST_F(RotationRules, AnotherValueOfCreateIsAnotherRunAndAnUnknownOneTheSame) {
  state_.phase = Phase::create;
  EXPECT_EQ(end(RotationStep::create, StepEnd::unknown), Change::keep);
  EXPECT_EQ(state_.run, kRun);
  EXPECT_EQ(end(RotationStep::create, StepEnd::refused), Change::keep);
  EXPECT_EQ(state_.run, kFresh);
  EXPECT_EQ(state_.phase, Phase::create);
}

TEST_F(RotationRules, WhatAStepSaysIsCutShort) {
  state_.phase = Phase::create;
  const StepResult result{.end = StepEnd::refused, .value = {}, .why = std::string(5000, 'x')};
  EXPECT_EQ(after_step(state_, RotationStep::create, result, {.now = kNow}), Change::keep);
  EXPECT_LT(state_.trouble.size(), 300U);
}

TEST(RotationTiming, TheWaitGrowsUpToAQuarterOfAnHour) {
  using std::chrono::seconds;
  EXPECT_EQ(backoff(1), seconds(2));
  EXPECT_EQ(backoff(2), seconds(4));
  EXPECT_EQ(backoff(9), seconds(512));
  EXPECT_EQ(backoff(10), seconds(900));
  EXPECT_EQ(backoff(4'000'000'000U), seconds(900));
}

TEST(RotationTiming, TheWaitsOfAnotherWindowBeginAfresh) {
  using std::chrono::seconds;
  Rotation rotation;
  rotation.plan.schedule = "@daily";
  RotationState& state = rotation.state;
  state.failures = 8;
  state.trouble = "because";
  miss_window(rotation, kNow);
  EXPECT_EQ(state.failures, 8U);
  EXPECT_EQ(state.trouble, "because");
  ++state.failures;
  EXPECT_EQ(after_failure(state, kNow), kNow + seconds(2));
}

TEST(RotationTiming, WhatFailedInAWindowIsToldWhenTheZoneIsFoundAgain) {
  using std::chrono::seconds;
  Rotation rotation;
  rotation.plan.schedule = "@daily";
  rotation.plan.time_zone = "Mars/Gone";
  RotationState& state = rotation.state;
  state.failures = 8;
  miss_window(rotation, kNow);
  EXPECT_EQ(state.failures, 9U);
  EXPECT_NE(state.trouble.find("time_zone"), std::string::npos);
  EXPECT_EQ(look_at(state, kNow), kNow + seconds(2));
  found_time(state, kNow + seconds(60));
  EXPECT_EQ(state.failures, 8U);
  EXPECT_EQ(state.trouble, "no value was made in the window before");
  end_run(rotation, kNow);
  EXPECT_EQ(state.failures, 1U) << "that is the zone's";
  found_time(state, kNow + seconds(60));
  EXPECT_EQ(state.failures, 0U);
  EXPECT_EQ(state.trouble, "");
}

TEST(RotationTiming, JitterStaysWithinItsBounds) {
  RotationPlan plan;
  plan.period = std::chrono::hours(1);
  plan.jitter = std::chrono::minutes(10);
  bool differ = false;
  const WallTime first = *next_time(plan, kNow);
  for (int i = 0; i < 100; ++i) {
    const WallTime next = *next_time(plan, kNow);
    EXPECT_GE(next, kNow + std::chrono::hours(1));
    EXPECT_LT(next, kNow + std::chrono::hours(1) + std::chrono::minutes(10));
    differ = differ || next != first;
  }
  EXPECT_TRUE(differ);
}

TEST(RotationTiming, TheDeadlineOfReadersIsMet) {
  using std::chrono::seconds;
  EXPECT_EQ(look_interval(kNow, kNow + seconds(5)), seconds(1));
  EXPECT_EQ(look_interval(kNow, kNow + seconds(300)), seconds(10));
  EXPECT_EQ(look_interval(kNow, kNow + std::chrono::hours(24)), seconds(30));
  EXPECT_EQ(look_interval(kNow, kNow - seconds(5)), seconds(1));
}

}  // namespace
}  // namespace coffer::engines::kv
