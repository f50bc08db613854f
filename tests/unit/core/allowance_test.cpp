#include "coffer/core/allowance.h"

#include <gtest/gtest.h>

namespace coffer::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Allowance, GivesItsBurstThenItsRate) {
  Allowance allowance({.burst = 100, .per_second = 10});
  EXPECT_TRUE(allowance.take("a", 100, seconds(5)));
  EXPECT_FALSE(allowance.take("a", 1, seconds(5)));
  EXPECT_FALSE(allowance.take("a", 11, seconds(6)));
  EXPECT_TRUE(allowance.take("a", 10, seconds(6))) << "what was refused took nothing";
  EXPECT_FALSE(allowance.take("a", 1, seconds(6) + milliseconds(50)));
  EXPECT_TRUE(allowance.take("a", 1, seconds(6) + milliseconds(100)));
}

TEST(Allowance, NeverHoldsMoreThanItsBurst) {
  Allowance allowance({.burst = 100, .per_second = 10});
  EXPECT_TRUE(allowance.take("a", 50, seconds(0)));
  EXPECT_FALSE(allowance.take("a", 101, std::chrono::hours(24 * 365 * 50)));
  EXPECT_TRUE(allowance.take("a", 100, std::chrono::hours(24 * 365 * 50)));
}

TEST(Allowance, EachCallerHasHisOwn) {
  Allowance allowance({.burst = 1, .per_second = 1});
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(allowance.take(std::to_string(i), 1, milliseconds(i)));
  }
  EXPECT_FALSE(allowance.take("9999", 1, milliseconds(9'999)));
}

TEST(Allowance, AClockThatStandsStillGivesNothing) {
  Allowance allowance({.burst = 1, .per_second = 1000});
  EXPECT_TRUE(allowance.take("a", 1, seconds(9)));
  EXPECT_FALSE(allowance.take("a", 1, seconds(9)));
  EXPECT_FALSE(allowance.take("a", 1, seconds(8)));
}

}  // namespace
}  // namespace coffer::core
