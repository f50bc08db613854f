// A pause moves no time of a rotation.
#include "rotation_kit.h"

namespace coffer::engines::kv {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class RotationPause : public RotationKit {
 protected:
  void first_in(hours until, const std::string& more = "") {
    const auto now = std::chrono::floor<hours>(system_clock().wall().time_since_epoch());
    const std::string hour = std::to_string((now + until).count() % 24);
    first(R"({"rotator":"fake","schedule":"0 )" + hour + R"( * * *")" + more + "}");
  }
  void pause() { ASSERT_TRUE(configure_rotation(R"({"paused":true})").ok()); }
  void resume() {
    ASSERT_TRUE(configure_rotation(R"({"paused":false})").ok());
    vault.sweep();
  }
  std::string next() { return member(rotation(), "next"); }
  std::size_t rotations() { return server.calls.size() / 4; }
};

TEST_F(RotationPause, APeriodIsCountedFromTheLastTime) {
  first();
  const std::string before = next();
  later(minutes(40));
  pause();
  EXPECT_EQ(next(), "null");
  later(minutes(10));
  resume();
  EXPECT_EQ(next(), before);
  EXPECT_EQ(rotations(), 0U);
  later(minutes(11));
  vault.sweep();
  EXPECT_EQ(rotations(), 1U);
}

TEST_F(RotationPause, APeriodThatPassedIsMadeUpForOnce) {
  first();
  pause();
  later(hours(5));
  vault.sweep();
  EXPECT_EQ(rotations(), 0U);
  resume();
  EXPECT_EQ(rotations(), 1U);
  vault.sweep();
  EXPECT_EQ(rotations(), 1U);
  later(hours(1));
  vault.sweep();
  EXPECT_EQ(rotations(), 2U);
}

TEST_F(RotationPause, OneThatBeganPausedCountsFromThen) {
  first(R"({"rotator":"fake","period":"2h","paused":true})");
  later(hours(1));
  resume();
  EXPECT_EQ(rotations(), 0U);
  later(hours(1));
  vault.sweep();
  EXPECT_EQ(rotations(), 1U);
}

TEST_F(RotationPause, TimesThatAreGivenMeanwhileCountFromThen) {
  first();
  pause();
  later(hours(5));
  ASSERT_TRUE(configure_rotation(R"({"period":"3h"})").ok());
  later(hours(2));
  resume();
  EXPECT_EQ(rotations(), 0U);
  later(hours(1));
  vault.sweep();
  EXPECT_EQ(rotations(), 1U);
}

TEST_F(RotationPause, ATimeOfTheScheduleThatPassedIsMadeUpFor) {
  first_in(hours(12));
  pause();
  later(hours(14));
  vault.sweep();
  EXPECT_EQ(rotations(), 0U);
  resume();
  EXPECT_EQ(rotations(), 1U);
  EXPECT_EQ(phase(), "\"idle\"");
}

TEST_F(RotationPause, WithAWindowItIsMadeUpForWithinIt) {
  first_in(hours(12), R"(,"window":"4h")");
  pause();
  later(hours(14));
  resume();
  EXPECT_EQ(rotations(), 1U);
}

TEST_F(RotationPause, AfterItsWindowItWaitsForTheNextTime) {
  first_in(hours(12), R"(,"window":"2h")");
  const std::string before = next();
  pause();
  later(hours(14) + minutes(30));
  resume();
  EXPECT_EQ(rotations(), 0U);
  EXPECT_NE(next(), before);
  EXPECT_NE(next(), "null");
  EXPECT_EQ(member(rotation(), "failures"), "0");
  later(hours(22));
  vault.sweep();
  EXPECT_EQ(rotations(), 1U);
}

}  // namespace
}  // namespace coffer::engines::kv
