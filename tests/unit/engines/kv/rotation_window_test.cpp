// A rotation that may begin within a window alone: what is told when that passes without a value.
#include "rotation_kit.h"
#include "src/engines/kv/rotation_row.h"

namespace coffer::engines::kv {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RotationWindow : public RotationKit {
 protected:
  /// Once a day, about twelve hours from now.
  void first_daily(const std::string& more) {
    const auto now = std::chrono::floor<hours>(system_clock().wall().time_since_epoch());
    const std::string hour = std::to_string((now.count() + 12) % 24);
    first(R"({"rotator":"fake","schedule":"0 )" + hour + R"( * * *")" + more + "}");
  }
  WallTime next() {
    const auto tx = vault.begin();
    const View view{*tx, Uuid{{5}}, system_clock().wall()};
    return TestVault::must(load_rotation(view, "app/db")).rotation.state.next;
  }
  /// So long after the time that it waits for.
  void go_to(WallTime time, seconds after) {
    vault.ahead = std::chrono::ceil<seconds>(time - system_clock().wall()) + after;
  }
  /// In one window. What it waits after each is what it waits after the first ones.
  void fail(int times) {
    go_to(next(), seconds(1));
    const std::size_t before = server.calls.size();
    for (int i = 1; i <= times; ++i) {
      server.faults = {{.says = StepEnd::refused, .happens = false}};
      vault.sweep();
      ASSERT_EQ(server.calls.size(), before + static_cast<std::size_t>(i));
      later(seconds((1 << i) + 1));
    }
  }
  void expect_told(const std::string& failures) {
    EXPECT_EQ(member(rotation(), "phase"), "\"idle\"");
    EXPECT_EQ(member(rotation(), "failures"), failures);
    EXPECT_EQ(member(rotation(), "trouble"), "\"create: as told\"");
    EXPECT_TRUE(has(vault.call(Operation::list, "sys/rotation/"), "\"failures\":" + failures));
    EXPECT_TRUE(has(vault.call(Operation::read, "sys/health"), "\"rotations_failing\":1"));
  }
};

TEST_F(RotationWindow, WhatFailsInEachIsToldUntilOneSucceeds) {
  first_daily(R"(,"window":"10m")");
  fail(6);
  later(minutes(10));
  vault.sweep();
  expect_told("6");
  reopen();
  expect_told("6");
  ASSERT_TRUE(configure_rotation(R"({"target":"t"})").ok());
  expect_told("6");
  fail(3);
  later(minutes(10));
  vault.sweep();
  expect_told("9");
  go_to(next(), hours(1));  // nobody looked while this one lasted
  vault.sweep();
  expect_told("9");
  EXPECT_EQ(server.calls.size(), 9U);
  go_to(next(), seconds(1));
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-10"})");
  EXPECT_EQ(member(rotation(), "failures"), "0");
  EXPECT_EQ(member(rotation(), "trouble"), "\"\"");
  EXPECT_FALSE(has(vault.call(Operation::read, "sys/health"), "rotations_failing"));
}

TEST_F(RotationWindow, OtherTimesBeginAnew) {
  first_daily(R"(,"window":"10m")");
  fail(2);
  later(minutes(10));
  vault.sweep();
  expect_told("2");
  ASSERT_TRUE(configure_rotation(R"({"schedule":"@daily"})").ok());
  EXPECT_EQ(member(rotation(), "failures"), "0");
  EXPECT_FALSE(has(vault.call(Operation::read, "sys/health"), "rotations_failing"));
}

}  // namespace
}  // namespace coffer::engines::kv
