// Calendar times: what cron would do, in zones whose clocks jump.
#include "coffer/lifecycle/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace coffer::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year;

WallTime utc(int y, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  return WallTime(sys_days(year(y) / static_cast<int>(month) / static_cast<int>(day)) +
                  hours(hour) + minutes(minute));
}

/// RFC 3339, or what went wrong.
std::string next(const std::string& text, const std::string& zone, WallTime after) {
  const auto schedule = Schedule::parse(text, zone);
  if (!schedule.ok()) return schedule.error().text;
  const auto time = schedule->next(after);
  return time.ok() ? to_rfc3339(*time) : time.error().text;
}

TEST(Schedule, IsStrictlyAfter) {
  EXPECT_EQ(next("30 3 * * *", "", utc(2026, 11, 27, 3, 29)), "2026-11-27T03:30:00Z");
  EXPECT_EQ(next("30 3 * * *", "", utc(2026, 11, 27, 3, 30)), "2026-11-28T03:30:00Z");
  EXPECT_EQ(next("30 3 * * *", "", utc(2026, 11, 27, 3, 30) - std::chrono::nanoseconds(1)),
            "2026-11-27T03:30:00Z");
}

TEST(Schedule, KnowsListsRangesStepsAndNames) {
  EXPECT_EQ(next("*/20 * * * *", "", utc(2026, 1, 1, 0, 1)), "2026-01-01T00:20:00Z");
  EXPECT_EQ(next("5/20 * * * *", "", utc(2026, 1, 1, 0, 26)), "2026-01-01T00:45:00Z");
  EXPECT_EQ(next("30-59/90 * * * *", "", utc(2026, 1, 1, 0, 31)), "2026-01-01T01:30:00Z")
      << "a step past the end leaves the first";
  EXPECT_EQ(next("0 9-17/4 * * *", "", utc(2026, 1, 1, 9, 0)), "2026-01-01T13:00:00Z");
  EXPECT_EQ(next("0 0 1 Jan,JUL *", "", utc(2026, 2, 1)), "2026-07-01T00:00:00Z");
  EXPECT_EQ(next("0 0 * * mon-fri", "", utc(2026, 11, 27)), "2026-11-30T00:00:00Z");
  EXPECT_EQ(next("0 0 * * 7", "", utc(2026, 11, 27)), "2026-11-29T00:00:00Z");
  EXPECT_EQ(next("0 0 * * 0", "", utc(2026, 11, 27)), "2026-11-29T00:00:00Z");
}

TEST(Schedule, KnowsTheWordsOfCron) {
  const WallTime now = utc(2026, 11, 27, 10, 10);
  EXPECT_EQ(next("@hourly", "", now), "2026-11-27T11:00:00Z");
  EXPECT_EQ(next("@daily", "", now), "2026-11-28T00:00:00Z");
  EXPECT_EQ(next("@weekly", "", now), "2026-11-29T00:00:00Z");
  EXPECT_EQ(next("@monthly", "", now), "2026-12-01T00:00:00Z");
  EXPECT_EQ(next("@yearly", "", now), "2027-01-01T00:00:00Z");
}

TEST(Schedule, OfDayAndWeekdayEitherIsEnough) {
  // The 13th, and each Friday: cron's rule.
  EXPECT_EQ(next("0 0 13 * fri", "", utc(2026, 11, 6)), "2026-11-13T00:00:00Z");
  EXPECT_EQ(next("0 0 13 * fri", "", utc(2026, 11, 13)), "2026-11-20T00:00:00Z");
  EXPECT_EQ(next("0 0 13 * fri", "", utc(2026, 12, 11)), "2026-12-13T00:00:00Z");
}

TEST(Schedule, IsInItsZone) {
  EXPECT_EQ(next("0 3 * * *", "Europe/Berlin", utc(2026, 1, 10)), "2026-01-10T02:00:00Z");
  EXPECT_EQ(next("0 3 * * *", "Europe/Berlin", utc(2026, 7, 10)), "2026-07-10T01:00:00Z");
  EXPECT_EQ(next("0 0 1 * *", "Pacific/Auckland", utc(2026, 6, 15)), "2026-06-30T12:00:00Z");
  EXPECT_EQ(next("0 0 * * *", "Asia/Kathmandu", utc(2026, 6, 15)), "2026-06-15T18:15:00Z");
}

/// Berlin, 29 March 2026: after 01:59:59 comes 03:00.
TEST(Schedule, AnHourThatIsSkippedHappensWhenItIsOver) {
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", utc(2026, 3, 28, 12)), "2026-03-29T01:00:00Z");
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", utc(2026, 3, 29, 1)), "2026-03-30T00:30:00Z");
  EXPECT_EQ(next("*/15 * * * *", "Europe/Berlin", utc(2026, 3, 29, 0, 50)), "2026-03-29T01:00:00Z");
  EXPECT_EQ(next("*/15 * * * *", "Europe/Berlin", utc(2026, 3, 29, 1, 0)), "2026-03-29T01:15:00Z");
}

/// Berlin, 25 October 2026: 02:00 to 03:00 comes twice.
TEST(Schedule, AnHourThatComesTwiceHappensOnce) {
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", utc(2026, 10, 24, 12)), "2026-10-25T00:30:00Z");
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", utc(2026, 10, 25, 0, 30)), "2026-10-26T01:30:00Z");
}

/// Samoa left out 30 December 2011.
TEST(Schedule, ADayThatIsSkippedHappensWhenItIsOver) {
  EXPECT_EQ(next("0 12 30 12 *", "Pacific/Apia", utc(2011, 12, 1)), "2011-12-30T10:00:00Z");
}

TEST(Schedule, FindsTheLeapDay) {
  EXPECT_EQ(next("0 0 29 2 *", "", utc(2026, 1, 1)), "2028-02-29T00:00:00Z");
  EXPECT_EQ(next("0 0 29 2 *", "", utc(2096, 3, 1)), "2104-02-29T00:00:00Z");
}

TEST(Schedule, RefusesWhatIsNone) {
  for (const char* text : {"",           "* * * *",      "* * * * * *", "60 * * * *",
                           "* 24 * * *", "* * 0 * *",    "* * 32 * *",  "* * * 13 *",
                           "* * * * 8",  "*/0 * * * *",  "5-1 * * * *", "a * * * *",
                           "1, * * * *", ",1 * * * *",   "1- * * * *",  "-1 * * * *",
                           "+1 * * * *", "1/x * * * *",  "* * * mon *", "99999999999 * * * *",
                           "0 0 30 2 *", "0 0 31 4,6 *", "@never",      "1-2-3 * * * *"}) {
    EXPECT_FALSE(Schedule::parse(text, "").ok()) << text;
  }
  EXPECT_FALSE(Schedule::parse("30-59/4294967295 * * * *", "").ok());
  EXPECT_FALSE(Schedule::parse("*/1000 * * * *", "").ok());
  EXPECT_FALSE(Schedule::parse(std::string(300, ' ') + "* * * * *", "").ok());
}

TEST(Schedule, RefusesAZoneThatIsNone) {
  for (const char* zone :
       {"Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "europe/berlin"}) {
    const auto schedule = Schedule::parse("@daily", zone);
    ASSERT_FALSE(schedule.ok()) << zone;
    EXPECT_EQ(schedule.error().code, ErrorCode::invalid_argument);
  }
}

/// Whatever the zone does, the times of a schedule go up, and none is far away.
TEST(Schedule, TimesGoUp) {
  const auto went_up = [](const std::string& zone) {
    const Schedule schedule = *Schedule::parse("17 */3 * * *", zone);
    const auto minute = *rc::gen::inRange<std::int64_t>(0, 60LL * 24 * 365 * 60);
    WallTime time{minutes(minute)};
    for (int i = 0; i < 20; ++i) {
      const auto next = schedule.next(time);
      RC_ASSERT(next.ok());
      RC_ASSERT(*next > time);
      RC_ASSERT(*next - time <= hours(28));
      time = *next;
    }
  };
  EXPECT_TRUE(rc::check([&] { went_up("Europe/Berlin"); }));
  EXPECT_TRUE(rc::check([&] { went_up("America/St_Johns"); }));
  EXPECT_TRUE(rc::check([&] { went_up("Australia/Lord_Howe"); }));
}

}  // namespace
}  // namespace coffer::lifecycle
