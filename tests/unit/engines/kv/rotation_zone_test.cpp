// A rotation by a schedule whose time zone is gone: what is begun goes on, and the rest is told.
#include "rotation_kit.h"
#include "src/engines/kv/rotation_row.h"

namespace coffer::engines::kv {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class RotationZone : public RotationKit {
 protected:
  /// Once a day, about twelve hours from now.
  void first_daily(const std::string& more = "", const std::string& rotator = "fake") {
    const auto now = std::chrono::floor<hours>(system_clock().wall().time_since_epoch());
    const std::string hour = std::to_string((now.count() + 12) % 24);
    first(R"({"rotator":")" + rotator + R"(","schedule":"0 )" + hour +
          R"( * * *","time_zone":"Etc/UTC")" + more + "}");
  }
  /// As if the database of zones had lost or got back the one that the plan names.
  void zone_becomes(const std::string& name) {
    const auto tx = vault.begin();
    const View view{*tx, Uuid{{5}}, system_clock().wall() + vault.ahead};
    StoredRotation stored = TestVault::must(load_rotation(view, "app/db"));
    ASSERT_NE(stored.row_version, 0U);
    stored.rotation.plan.time_zone = name;
    TestVault::must(save_rotation(view, "app/db", stored));
    ASSERT_TRUE(vault.commit(tx->take()));
  }
  void lose_zone() { zone_becomes("Mars/Gone"); }
  void expect_told(const std::string& failures) {
    const auto now = rotation();
    EXPECT_EQ(member(now, "phase"), "\"idle\"");
    EXPECT_EQ(member(now, "next"), "null");
    EXPECT_EQ(member(now, "failures"), failures);
    EXPECT_NE(member(now, "trouble").find("time_zone must be"), std::string::npos);
    EXPECT_TRUE(has(vault.call(Operation::list, "sys/rotation/"), "time_zone must be"));
    EXPECT_TRUE(has(vault.call(Operation::read, "sys/health"), "\"rotations_failing\":1"));
  }
  void expect_no_trouble() {
    EXPECT_EQ(member(rotation(), "failures"), "0");
    EXPECT_EQ(member(rotation(), "trouble"), "\"\"");
    EXPECT_NE(member(rotation(), "next"), "null");
    EXPECT_FALSE(has(vault.call(Operation::read, "sys/health"), "rotations_failing"));
  }
};

TEST_F(RotationZone, WhatIsDueIsDoneOnceAndThenItIsTold) {
  first_daily();
  lose_zone();
  later(hours(25));
  vault.sweep();
  EXPECT_EQ(server.calls, (std::vector<std::string>{"create", "set", "test", "finish"}));
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  expect_told("1");
  later(seconds(1));
  vault.sweep();
  expect_told("1");
  later(seconds(2));
  vault.sweep();
  expect_told("2");
  vault.sweep();
  expect_told("2");
  later(hours(1));
  vault.sweep();
  expect_told("3");
  EXPECT_EQ(server.calls.size(), 4U) << "finish isn't run again";
}

TEST_F(RotationZone, GenerateIsToldToo) {
  first_daily("", "generate");
  lose_zone();
  later(hours(25));
  vault.sweep();
  EXPECT_EQ(member(metadata("app/db"), "current_version"), "2");
  expect_told("1");
}

TEST_F(RotationZone, OneByHandRotatesAllTheSame) {
  first_daily();
  lose_zone();
  for (const char* made : {R"({"password":"made-1"})", R"({"password":"made-2"})"}) {
    ASSERT_TRUE(rotate_now().ok());
    vault.sweep();
    EXPECT_EQ(current(), made);
    expect_told("1");
  }
}

TEST_F(RotationZone, ItGoesOnByItselfAndCatchesUp) {
  first_daily();
  lose_zone();
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  expect_told("1");
  zone_becomes("Etc/UTC");
  later(seconds(3));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 4U) << "not before its time";
  expect_no_trouble();
  lose_zone();
  later(hours(25));
  vault.sweep();
  expect_told("1");
  EXPECT_EQ(server.calls.size(), 8U);
  later(hours(25));
  zone_becomes("Etc/UTC");
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 12U) << "its time passed meanwhile";
  expect_no_trouble();
}

TEST_F(RotationZone, WithAWindowItWaitsForTheNextTime) {
  first_daily(R"(,"window":"1h")");
  lose_zone();
  later(hours(49));  // the window is long over
  vault.sweep();
  EXPECT_TRUE(server.calls.empty());
  expect_told("1");
  later(hours(48));
  zone_becomes("Etc/UTC");
  vault.sweep();
  EXPECT_TRUE(server.calls.empty());
  expect_no_trouble();
}

TEST_F(RotationZone, AnotherZoneHealsItAtOnce) {
  first_daily();
  lose_zone();
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  expect_told("1");
  expect_error(configure_rotation(R"({"paused":true})"), ErrorCode::invalid_argument, "time_zone");
  ASSERT_TRUE(configure_rotation(R"({"time_zone":"Europe/Berlin"})").ok());
  expect_no_trouble();
  later(hours(25));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 8U);
}

/// Whoever asks for it while it is looked for a time isn't passed over.
TEST_F(RotationZone, OneByHandThatComesWhileItIsLookedAtCounts) {
  first_daily();
  lose_zone();
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  zone_becomes("Etc/UTC");
  later(seconds(3));
  const WallTime now = system_clock().wall() + vault.ahead;
  for (const auto& due : TestVault::must(lifecycle::due(*vault.begin(), now, 64)).due) {
    if (due.kind != "rotation_outside") continue;
    const auto tx = vault.begin();
    const auto errand = TestVault::must(vault.open().due_handlers.plan(*tx, due, now));
    ASSERT_TRUE(errand);
    ASSERT_TRUE(rotate_now().ok());
    const auto own = vault.begin();
    TestVault::must(lifecycle::Handlers::record(*own, due, *errand, now));
    ASSERT_TRUE(vault.commit(own->take()));
  }
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-2"})");
}

}  // namespace
}  // namespace coffer::engines::kv
