#include "coffer/base/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace coffer {
namespace {

using namespace std::chrono_literals;

constexpr WallTime at(std::int64_t seconds, std::int64_t nanoseconds = 0) {
  return WallTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds));
}

TEST(Rfc3339, PrintsWholeSecondsWithoutAFraction) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(at(1'000'000'000)), "2001-09-09T01:46:40Z");
}

TEST(Rfc3339, DropsTrailingZerosOfTheFractionAlone) {
  EXPECT_EQ(to_rfc3339(at(10, 123'456'789)), "1970-01-01T00:00:10.123456789Z");
  EXPECT_EQ(to_rfc3339(at(10, 100'000'000)), "1970-01-01T00:00:10.1Z");
  EXPECT_EQ(to_rfc3339(at(10, 1)), "1970-01-01T00:00:10.000000001Z");
  EXPECT_EQ(to_rfc3339(at(10, 120'003'000)), "1970-01-01T00:00:10.120003Z");
  EXPECT_EQ(to_rfc3339(at(36000)), "1970-01-01T10:00:00Z");
}

TEST(Rfc3339, KnowsLeapDaysAndYearEnds) {
  EXPECT_EQ(to_rfc3339(at(951'782'400)), "2000-02-29T00:00:00Z");
  EXPECT_EQ(to_rfc3339(at(4'107'542'400)), "2100-03-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(at(1'767'225'599, 999'999'999)), "2025-12-31T23:59:59.999999999Z");
}

TEST(Rfc3339, PrintsTimesBefore1970) {
  EXPECT_EQ(to_rfc3339(at(-1)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(to_rfc3339(at(0, -1)), "1969-12-31T23:59:59.999999999Z");
}

TEST(Rfc3339, PrintsTheEndsOfWhatItCanHold) {
  EXPECT_EQ(to_rfc3339(WallTime::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(to_rfc3339(WallTime::min() + 1s), "1677-09-21T00:12:44.145224192Z");
}

TEST(SystemClock, TellsTheTimeOfDay) {
  const auto before = std::chrono::system_clock::now();
  const WallTime now = system_clock().wall();
  const auto after = std::chrono::system_clock::now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

TEST(SystemClock, BoottimeGoesOn) {
  const auto first = system_clock().boottime();
  std::this_thread::sleep_for(2ms);
  const auto second = system_clock().boottime();
  EXPECT_GT(first, 0ns);
  EXPECT_GE(second - first, 2ms);
}

}  // namespace
}  // namespace coffer
