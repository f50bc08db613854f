// Two users in turn, and the rotator "database": with a plug pulled at every step.
#include <gtest/gtest.h>

#include <algorithm>

#include "coffer/lifecycle/rotation_index.h"
#include "world.h"

namespace coffer::engines::database {
namespace {

using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

constexpr const char* kSettings = R"({"static_role":"database/static-roles/own"})";
constexpr const char* kOne = R"({"db_name":"pg","username":"owner","rotated_by":"secret/app"})";
constexpr const char* kTwo =
    R"({"db_name":"pg","username":"owner","alternate_username":"twin","rotated_by":"secret/app"})";
constexpr const char* kInTurn =
    R"({"db_name":"pg","username":"owner","alternate_username":"twin","rotation_period":3600})";

bool logs_in(const FakeDatabase& database, const std::string& value) {
  const auto fields = must(model::Fields::parse(value));
  return database.logs_in(*must(fields.string("username")), *must(fields.string("password")));
}

/// A KV secret's rotation as the engine kv runs it: what it has on disk survives.
class Secret {
 public:
  explicit Secret(World& world) : world_(world) {}

  StepResult step(RotationStep step) {
    return world_.rotators.find("database")
        ->step({.step = step,
                .secret = name,
                .run = {},
                .settings = kSettings,
                .current = current,
                .pending = pending,
                .previous = {}},
               {});
  }
  /// False: a step failed. What comes next is in `pending` and `is_set`.
  bool advance() {
    if (pending.empty()) {
      const StepResult made = step(RotationStep::create);
      if (made.end == StepEnd::done) pending = made.value;
      return made.end == StepEnd::done;
    }
    if (!is_set) {
      const StepEnd end = step(RotationStep::set).end;
      is_set = end == StepEnd::done;
      if (end == StepEnd::refused) pending.clear();
      return is_set;
    }
    if (step(RotationStep::test).end != StepEnd::done) return false;
    current = std::exchange(pending, {});
    is_set = false;
    ++versions;
    return true;
  }
  /// Until there is another value.
  bool rotate() {
    const int before = versions;
    for (int i = 0; i < 8 && versions == before; ++i) (void)advance();
    return versions > before;
  }

  std::string name = "secret/app";
  std::string current = R"({"host":"h"})";
  std::string pending;
  bool is_set = false;
  int versions = 0;

 private:
  World& world_;
};

TEST(TwoUsers, AreBothTakenOverAndTheFirstIsTold) {
  World world;
  world.call(Operation::update, "static-roles/own", kInTurn);
  EXPECT_EQ(world.static_user(), "owner");
  EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
  EXPECT_FALSE(world.database.logs_in("owner", "of old"));
  EXPECT_FALSE(world.database.logs_in("twin", "of old, too"));
}

TEST(TwoUsers, TakeTurnsAndTheOneOfBeforeStillLogsIn) {
  World world;
  world.call(Operation::update, "static-roles/own", kInTurn);
  std::string user = world.static_user();
  std::string password = world.static_password();
  for (int i = 0; i < 4; ++i) {
    world.advance(std::chrono::hours(1));
    world.sweep();
    EXPECT_NE(world.static_user(), user);
    EXPECT_NE(world.static_password(), password);
    EXPECT_TRUE(world.database.logs_in(user, password)) << "who has it goes on";
    user = world.static_user();
    password = world.static_password();
    EXPECT_TRUE(world.database.logs_in(user, password));
  }
}

TEST(TwoUsers, CannotBeTheSameOrTheAdministratorOrChanged) {
  World world;
  const auto refused = [&](const std::string& body) {
    const auto answer = world.try_call(Operation::update, "static-roles/own", body);
    return !answer.ok() && answer.error().code == ErrorCode::invalid_argument &&
           answer.error().text.find("alternate_username") != std::string::npos;
  };
  const std::string start = R"({"db_name":"pg","username":"owner","rotation_period":60,)";
  EXPECT_TRUE(refused(start + R"("alternate_username":"owner"})"));
  EXPECT_TRUE(refused(start + R"("alternate_username":"admin"})"));
  EXPECT_TRUE(refused(start + R"("alternate_username":"nobody"})"));
  world.call(Operation::update, "static-roles/own", kInTurn);
  EXPECT_TRUE(refused(R"({"alternate_username":""})"));
}

TEST(DatabaseRotator, PutsUserAndPasswordIntoTheSecretAndLeavesTheRest) {
  World world;
  world.call(Operation::update, "static-roles/own", kOne);
  Secret secret(world);
  ASSERT_TRUE(secret.rotate());
  const auto value = must(model::Fields::parse(secret.current));
  EXPECT_EQ(must(value.string("username")), "owner");
  EXPECT_EQ(must(value.string("host")), "h");
  EXPECT_EQ(must(value.string("password")), world.static_password());
  EXPECT_TRUE(logs_in(world.database, secret.current));
  EXPECT_EQ(secret.step(RotationStep::finish).end, StepEnd::done);
}

TEST(DatabaseRotator, RotatesForNoSecretThatTheStaticRoleDoesNotName) {
  World world;
  world.call(Operation::update, "static-roles/own", kOne);
  Secret secret(world);
  ASSERT_TRUE(secret.rotate());
  secret.name = "secret/thief";
  const std::string before = world.static_password();
  for (const RotationStep step : {RotationStep::create, RotationStep::set, RotationStep::test}) {
    secret.pending = secret.current;
    const StepResult result = secret.step(step);
    EXPECT_NE(result.end, StepEnd::done);
    EXPECT_TRUE(result.value.empty());
    EXPECT_EQ(result.why.find(before), std::string::npos);
  }
  EXPECT_EQ(world.static_password(), before);
}

TEST(DatabaseRotator, TakesAStaticRoleThatIsRotatedByThisSecret) {
  World world;
  world.database.users["third"] = "of old";
  world.call(Operation::update, "static-roles/free",
             R"({"db_name":"pg","username":"twin","rotation_period":3600})");
  world.call(Operation::update, "static-roles/own", kOne);
  const lifecycle::Rotator& rotator = *world.rotators.find("database");
  world.call(Operation::update, "static-roles/others",
             R"({"db_name":"pg","username":"third","rotated_by":"secret/app/other"})");
  const auto settings = [&](const std::string& body, std::string_view before = {}) {
    return rotator.take_settings("secret/app", must(model::Fields::parse(body)), before);
  };
  EXPECT_EQ(must(settings(kSettings)), kSettings);
  EXPECT_EQ(must(settings("{}", kSettings)), kSettings);
  for (const char* wrong :
       {"{}", R"({"static_role":"own"})", R"({"static_role":"database/static-roles/none"})",
        R"({"static_role":"database/static-roles/free"})",
        R"({"static_role":"database/static-roles/others"})",
        R"({"static_role":"other/static-roles/own"})"}) {
    const auto answer = settings(wrong);
    ASSERT_FALSE(answer.ok()) << wrong;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(settings(R"({"static_role":"database/static-roles/none"})").error().text,
            settings(R"({"static_role":"database/static-roles/free"})").error().text)
      << "tells nobody which there are";
}

TEST(DatabaseRotator, AloneRotatesAStaticRoleThatNamesASecret) {
  World world;
  world.call(Operation::update, "static-roles/own", kOne);
  const std::string before = world.static_password();
  world.advance(std::chrono::hours(1000));
  world.sweep();
  EXPECT_FALSE(world.try_call(Operation::update, "rotate-role/own").ok());
  EXPECT_FALSE(
      world.try_call(Operation::update, "static-roles/own", R"({"rotation_period":60})").ok());
  EXPECT_EQ(world.static_password(), before);
  // Given back, it goes by itself again.
  world.call(Operation::update, "static-roles/own", R"({"rotated_by":"","rotation_period":60})");
  world.advance(std::chrono::hours(1));
  world.sweep();
  EXPECT_NE(world.static_password(), before);
}

TEST(DatabaseRotator, SetsAValueOnce) {
  World world;
  world.call(Operation::update, "static-roles/own", kTwo);
  Secret secret(world);
  ASSERT_TRUE(secret.advance());
  ASSERT_EQ(secret.step(RotationStep::set).end, StepEnd::done);
  const auto users = world.database.users;
  ASSERT_EQ(secret.step(RotationStep::set).end, StepEnd::done) << "as after a crash in between";
  EXPECT_EQ(world.database.users, users);
}

TEST(DatabaseRotator, FailsWhereTheStaticRoleIsGone) {
  World world;
  world.call(Operation::update, "static-roles/own", kOne);
  Secret secret(world);
  ASSERT_TRUE(secret.advance());
  world.call(Operation::remove, "static-roles/own");
  EXPECT_EQ(secret.step(RotationStep::set).end, StepEnd::refused);
  EXPECT_EQ(secret.step(RotationStep::test).end, StepEnd::unknown) << "nobody can say";
}

/// Set, but nobody knows how that ended; then the static role is given to another secret. This
/// one's rotation is refused, so that it begins anew, and can be changed or ended.
TEST(DatabaseRotator, ATestOfAStaticRoleThatIsAnothersNowIsRefused) {
  World world;
  world.call(Operation::update, "static-roles/own", kOne);
  Secret secret(world);
  ASSERT_TRUE(secret.advance());
  world.call(Operation::update, "static-roles/own", R"({"rotated_by":"secret/other"})");
  EXPECT_EQ(secret.step(RotationStep::set).end, StepEnd::refused);
  EXPECT_EQ(secret.step(RotationStep::test).end, StepEnd::refused);
  world.call(Operation::update, "static-roles/own", R"({"rotated_by":"secret/app"})");
  ASSERT_TRUE(secret.rotate());
  EXPECT_TRUE(logs_in(world.database, secret.current));
}

class EveryPlugOfTheRotator : public testing::TestWithParam<std::tuple<Plug, const char*>> {};

TEST_P(EveryPlugOfTheRotator, LeavesASecretThatLogsInInTheEnd) {
  const auto [plug, role] = GetParam();
  const bool two = role == kTwo;
  for (int at = 1;; ++at) {
    SCOPED_TRACE("step " + std::to_string(at));
    World world;
    world.call(Operation::update, "static-roles/own", role);
    Secret secret(world);
    ASSERT_TRUE(secret.rotate());
    world.database.steps = {.count = 0, .at = at, .plug = plug};
    for (int i = 0; i < 3; ++i) {
      try {
        (void)secret.advance();
      } catch (const Died&) {
        world.database.steps.at = 0;
        world.restart();
      }
      if (two) {
        EXPECT_TRUE(logs_in(world.database, secret.current)) << "readers were shut out";
      }
    }
    const bool reached = world.database.steps.count >= at;
    world.database.steps.at = 0;
    ASSERT_TRUE(secret.rotate());
    EXPECT_TRUE(logs_in(world.database, secret.current));
    EXPECT_TRUE(world.database.logs_in(world.static_user(), world.static_password()));
    if (!reached) {
      EXPECT_GT(at, 3) << "hardly a step was taken";
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryPlugOfTheRotator,
                         testing::Combine(testing::Values(Plug::die_before, Plug::die_after,
                                                          Plug::fail_before, Plug::fail_after,
                                                          Plug::refuse),
                                          testing::Values(kOne, kTwo)));

class EveryPlugOfTwo : public testing::TestWithParam<Plug> {};

TEST_P(EveryPlugOfTwo, LeavesTheToldUserLoggedInAtAllTimes) {
  for (int at = 1;; ++at) {
    SCOPED_TRACE("step " + std::to_string(at));
    World world;
    world.call(Operation::update, "static-roles/own", kInTurn);
    world.database.steps = {.count = 0, .at = at, .plug = GetParam()};
    try {
      (void)world.try_call(Operation::update, "rotate-role/own");
    } catch (const Died&) {
      world.database.steps.at = 0;
      world.restart();
    }
    const bool reached = world.database.steps.count >= at;
    world.database.steps.at = 0;
    EXPECT_TRUE(world.database.logs_in(world.static_user(), world.static_password()));
    EXPECT_TRUE(world.try_call(Operation::update, "rotate-role/own").ok());
    EXPECT_TRUE(world.database.logs_in(world.static_user(), world.static_password()));
    if (!reached) {
      EXPECT_GT(at, 2) << "hardly a step was taken";
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryPlugOfTwo,
                         testing::Values(Plug::die_before, Plug::die_after, Plug::fail_before,
                                         Plug::fail_after, Plug::refuse));

/// The other one would go on telling a password that isn't in force any more.
TEST(StaticRole, HasItsUsersForItself) {
  World world;
  world.call(
      Operation::update, "static-roles/own",
      R"({"db_name":"pg","username":"owner","alternate_username":"twin","rotation_period":3600})");
  const std::string before = world.static_password();
  world.database.users["free"] = "of old";
  const std::pair<const char*, const char*> cases[] = {
      {R"("username":"owner","rotation_period":60)", "\"username\""},
      {R"("username":"twin","rotation_period":60)", "\"username\""},
      {R"("username":"owner","rotated_by":"secret/app")", "\"username\""},
      {R"("username":"free","alternate_username":"owner","rotation_period":60)",
       "\"alternate_username\""}};
  for (const auto& [fields, name] : cases) {
    const auto refused = world.try_call(Operation::update, "static-roles/second",
                                        R"({"db_name":"pg",)" + std::string(fields) + "}");
    ASSERT_FALSE(refused.ok()) << fields;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().text.find(name), std::string::npos) << refused.error().text;
  }
  EXPECT_EQ(world.static_password(), before);
  EXPECT_TRUE(world.database.logs_in(world.static_user(), before));
  // Its own update is no conflict, and what is given up can be taken.
  world.call(Operation::update, "static-roles/own", R"({"rotation_period":7200})");
  world.call(Operation::remove, "static-roles/own");
  world.call(Operation::update, "static-roles/second",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
}

TEST(StaticRole, HasNoUserThatAdministers) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  const auto refused = world.try_call(Operation::update, "config/pg",
                                      R"({"username":"owner","verify_connection":false})");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().text.find("\"username\""), std::string::npos);
}

std::vector<lifecycle::RotationEntry> listed(World& world) {
  return must(lifecycle::list_rotations(*world.begin(), 10));
}

/// One that fails for weeks must not be seen only by whoever finds the password too old.
TEST(StaticRole, IsInTheListOfRotationsWithItsFailures) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  auto entries = listed(world);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].path, "static-roles/own");
  EXPECT_EQ(entries[0].mount, world.mount.uuid);
  EXPECT_EQ(entries[0].rotator, "database");
  EXPECT_EQ(entries[0].failures, 0U);
  EXPECT_EQ(entries[0].next, entries[0].last + std::chrono::hours(1));

  const std::string password = std::exchange(world.database.users[kAdmin], "changed by hand");
  for (int i = 0; i < 2; ++i) {
    world.advance(std::chrono::minutes(61));
    world.sweep();
  }
  entries = listed(world);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].failures, 2U);
  EXPECT_NE(entries[0].trouble.find("administrator"), std::string::npos) << entries[0].trouble;
  EXPECT_EQ(must(lifecycle::failing_rotations(*world.begin())), 1U);
  const auto told =
      must(model::Fields::parse(world.call(Operation::read, "static-roles/own").data));
  EXPECT_EQ(*must(told.integer("failures")), 2);
  EXPECT_EQ(*must(told.string("trouble")), entries[0].trouble);
  world.database.users[kAdmin] = password;
  world.call(Operation::update, "static-roles/own", R"({"rotation_period":60})");
  EXPECT_EQ(listed(world)[0].trouble, entries[0].trouble) << "a change of the period mends nothing";
  world.advance(std::chrono::minutes(61));
  world.sweep();
  EXPECT_EQ(listed(world)[0].failures, 0U);
  EXPECT_EQ(must(lifecycle::failing_rotations(*world.begin())), 0U);
}

/// However it is changed, it holds up changes of the same database alone.
TEST(StaticRole, WaitsForTheDatabaseOfItsConfiguration) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  world.advance(std::chrono::minutes(61));
  const auto tx = world.begin();
  const auto rows = must(lifecycle::due(*tx, world.now, 100)).due;
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [](const auto& due) { return due.kind == "database_static"; });
  ASSERT_NE(row, rows.end());
  const std::string name = must(world.due_handlers.waits_for(*tx, *row));
  EXPECT_EQ(name.find("pg "), 0U) << name;
  world.call(Operation::update, "static-roles/own", R"({"rotated_by":"secret/app"})");
  const auto later = world.begin();
  EXPECT_EQ(must(world.rotators.find("database")->waits_for(*later, kSettings)), name);
  world.call(Operation::remove, "static-roles/own");
  const auto gone = world.begin();
  EXPECT_EQ(must(world.due_handlers.waits_for(*gone, *row)), "database_static");
}

/// The password that is being set would be gone, and may be in force.
TEST(StaticRole, IsNotDeletedWhileItsPasswordIsBeingChanged) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  int refused = 0;
  world.database.when_set = [&] {
    const auto answer = world.try_call(Operation::remove, "static-roles/own");
    refused += !answer.ok() && answer.error().code == ErrorCode::unavailable ? 1 : 0;
  };
  world.call(Operation::update, "rotate-role/own");
  EXPECT_EQ(refused, 1);
  EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
  world.call(Operation::remove, "static-roles/own");
}

TEST(StaticRole, LeavesTheListOfRotationsWhenItIsDeletedOrAnothersToRotate) {
  World world;
  const char* const role = R"({"db_name":"pg","username":"owner","rotation_period":3600})";
  world.call(Operation::update, "static-roles/own", role);
  world.call(Operation::update, "static-roles/own", R"({"rotated_by":"secret/app"})");
  EXPECT_TRUE(listed(world).empty()) << "the secret's own rotation is there";
  world.call(Operation::update, "static-roles/own", R"({"rotated_by":"","rotation_period":3600})");
  EXPECT_EQ(listed(world).size(), 1U);
  world.call(Operation::remove, "static-roles/own");
  EXPECT_TRUE(listed(world).empty());
  world.call(Operation::update, "static-roles/own", role);
  for (int step = 0; step < 5; ++step) {
    auto tx = world.begin();
    (void)world.engine->clear(*tx, world.mount);
    (void)world.commit(*tx);
  }
  EXPECT_TRUE(listed(world).empty()) << "nor is it of a mount that is cleared";
}

}  // namespace
}  // namespace coffer::engines::database
