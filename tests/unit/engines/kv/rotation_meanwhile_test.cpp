// What becomes of a secret that others write to while it is rotated.
#include <algorithm>

#include "coffer/lifecycle/due.h"
#include "rotation_kit.h"

namespace coffer::engines::kv {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RotationMeanwhile : public RotationKit {
 protected:
  /// Version 1 is the base of a new value that was sealed, and is tried again in a while.
  void begin_on(const std::string& base) {
    ASSERT_TRUE(write("app/db", base).ok());
    server.takes = {base};
    ASSERT_TRUE(configure_rotation(R"({"rotator":"fake","period":"1h"})").ok());
    server.faults = {{}, {.says = StepEnd::unknown, .happens = true}};
    ASSERT_TRUE(rotate_now().ok());
    vault.sweep();
    ASSERT_EQ(phase(), "\"set\"");
  }
  std::string in_the_end() {
    reopen();
    later(minutes(1));
    vault.sweep();
    return current();
  }
};

/// Else its readers would have a version that the one in its place comes to much later.
TEST_F(RotationMeanwhile, ASecretThatWasRemovedTakesItsReadersAlong) {
  constexpr const char* kPlan =
      R"({"rotator":"fake","period":"100h","readers_window":"1h","readers_deadline":"2h"})";
  first(kPlan);
  for (int version = 2; version <= 5; ++version) {
    ASSERT_TRUE(write("app/db", R"({"password":"first"})").ok());
  }
  (void)current();
  const auto of_old = call(Operation::read, "readers/app/db");
  ASSERT_TRUE(has(of_old, R"("version":5)")) << of_old->data;
  ASSERT_TRUE(call(Operation::remove, "metadata/app/db").ok());
  ASSERT_TRUE(write("app/db", R"({"password":"first"})").ok());
  ASSERT_TRUE(configure_rotation(kPlan).ok());
  const auto none = call(Operation::read, "readers/app/db");
  EXPECT_TRUE(has(none, R"("readers":[])")) << none->data;
  later(hours(2));
  (void)current();
  ASSERT_TRUE(rotate_now().ok());
  for (int row = 0; row < 20 && phase() != "\"wait\""; ++row) {
    later(seconds(1));
    vault.sweep(1);
  }
  later(seconds(10));
  vault.sweep();
  const auto awaited = call(Operation::read, "readers/app/db");
  EXPECT_TRUE(has(awaited, R"("awaited":[{"accessor":)")) << awaited->data;
}

TEST_F(RotationMeanwhile, WhatIsWrittenWhileAValueIsBeingSetStays) {
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = true}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  ASSERT_TRUE(write("app/db", R"({"password":"first","host":"new"})").ok());
  reopen();
  later(minutes(1));
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-1","host":"new"})");
  EXPECT_EQ(member(metadata("app/db"), "current_version"), "3");
}

/// Of the secret itself, and of none whose path is the end of its own.
TEST_F(RotationMeanwhile, WhoReadIsForgottenWithTheRotation) {
  const std::string plan = R"({"rotator":"fake","period":"10h","readers_window":"1h"})";
  const auto is_known = [&](const std::string& path) {
    return has(call(Operation::read, "readers/" + path), R"("version":1)");
  };
  for (const char* path : {"app/db", "db"}) {
    ASSERT_TRUE(write(path).ok());
    ASSERT_TRUE(configure_rotation(plan, path).ok());
    (void)value(path);
    ASSERT_TRUE(is_known(path));
  }
  ASSERT_TRUE(call(Operation::remove, "rotation/app/db").ok());
  ASSERT_TRUE(configure_rotation(plan).ok());
  EXPECT_FALSE(is_known("app/db"));
  EXPECT_TRUE(is_known("db"));
}

TEST_F(RotationMeanwhile, WhatAStepWaitsForIsSaidByItsRotator) {
  first();
  ASSERT_TRUE(write("app/own", R"({"password":"first"})").ok());
  ASSERT_TRUE(configure_rotation(R"({"rotator":"generate","period":"1h"})", "app/own").ok());
  later(hours(1));
  const auto tx = vault.begin();
  std::vector<std::string> names;
  for (const auto& due :
       TestVault::must(lifecycle::due(*tx, system_clock().wall() + vault.ahead, 64)).due) {
    if (!due.kind.starts_with("rotation")) continue;
    names.push_back(due.kind + ":" +
                    TestVault::must(vault.open().due_handlers.waits_for(*tx, due)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"rotation:", "rotation_outside:rotator fake"}));
}

TEST_F(RotationMeanwhile, WhatIsWrittenWhileAValueIsGeneratedStays) {
  ASSERT_TRUE(write("app/db", R"({"password":"first","n":1})").ok());
  ASSERT_TRUE(configure_rotation(R"({"rotator":"generate","period":"1h"})").ok());
  ASSERT_TRUE(rotate_now().ok());
  // One row at a time, for other work of the vault is due between them.
  for (int row = 0; row < 20 && phase() == "\"idle\""; ++row) vault.sweep(1);
  for (const auto& due :
       TestVault::must(lifecycle::due(*vault.begin(), system_clock().wall() + vault.ahead, 64))
           .due) {
    if (due.kind != "rotation") continue;
    auto tx = vault.begin();
    const WallTime now = system_clock().wall() + vault.ahead;
    const auto errand = TestVault::must(vault.open().due_handlers.plan(*tx, due, now));
    if (!errand) continue;
    if (errand->act) TestVault::must(errand->act({}));
    ASSERT_TRUE(write("app/db", R"({"password":"first","n":2})").ok());
    tx = vault.begin();
    TestVault::must(lifecycle::Handlers::record(*tx, due, *errand, now));
    ASSERT_TRUE(vault.commit(tx->take()));
  }
  const Json value = *Json::parse(current());
  EXPECT_EQ(value.find("n")->text(), "2");
  EXPECT_NE(value.find("password")->text(), "first");
}

constexpr const char* kBase = R"({"password":"first","host":"old"})";
constexpr const char* kWritten = R"({"password":"first","host":"new"})";
constexpr const char* kWanted = R"({"password":"made-1","host":"new"})";

/// Not even what the rotation began with is needed to know what it changed.
TEST_F(RotationMeanwhile, WhatIsWrittenStaysWhereTheBaseIsPruned) {
  ASSERT_TRUE(call(Operation::update, "metadata/app/db", R"({"max_versions":1})").ok());
  server.rest = R"(,"host":"old")";
  begin_on(kBase);
  ASSERT_TRUE(write("app/db", kWritten).ok());
  EXPECT_EQ(in_the_end(), kWanted);
}

TEST_F(RotationMeanwhile, WhatIsWrittenStaysWhereTheBaseIsDestroyedOrDeleted) {
  for (const char* verb : {"destroy", "delete"}) {
    SCOPED_TRACE(verb);
    server = Server();
    server.rest = R"(,"host":"old")";
    begin_on(kBase);
    ASSERT_TRUE(write("app/db", kWritten).ok());
    ASSERT_TRUE(call(Operation::update, verb + std::string("/app/db"), R"({"versions":[1]})").ok());
    EXPECT_EQ(in_the_end(), kWanted);
    ASSERT_TRUE(call(Operation::remove, "metadata/app/db").ok());
  }
}

TEST_F(RotationMeanwhile, WhatTheRotationTookAwayIsGoneWhereTheBaseIsPruned) {
  ASSERT_TRUE(call(Operation::update, "metadata/app/db", R"({"max_versions":1})").ok());
  begin_on(R"({"password":"first","old":1})");
  ASSERT_TRUE(write("app/db", R"({"password":"first","old":1,"more":2})").ok());
  EXPECT_EQ(in_the_end(), R"({"password":"made-1","more":2})");
}

/// More names than the row holds: then the base is asked, while it is there.
TEST_F(RotationMeanwhile, ManyNamesAreFoundByTheBase) {
  std::string many;
  for (int i = 0; i < 2000; ++i) many += ",\"member-" + std::to_string(i) + "\":1";
  begin_on(R"({"password":"first","host":"old"})");
  server = Server();
  server.rest = many + R"(,"host":"old")";
  ASSERT_TRUE(call(Operation::remove, "rotation/app/db", R"({"force":true})").ok());
  begin_on(kBase);
  ASSERT_TRUE(write("app/db", kWritten).ok());
  const Json value = *Json::parse(in_the_end());
  EXPECT_EQ(value.find("host")->text(), "new");
  EXPECT_EQ(value.find("password")->text(), "made-1");
  EXPECT_NE(value.find("member-1999"), nullptr);
}

}  // namespace
}  // namespace coffer::engines::kv
