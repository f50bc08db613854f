// Secrets that are changed regularly: what operators say, what happens, what readers get.
#include "rotation_kit.h"

#include "coffer/lifecycle/rotation_index.h"

namespace coffer::engines::kv {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RotationTest : public RotationKit {};

TEST_F(RotationTest, GenerateMakesANewPasswordEachPeriod) {
  ASSERT_TRUE(write("app/db", R"({"user":"app","password":"first"})").ok());
  ASSERT_TRUE(configure_rotation(R"({"rotator":"generate","period":"1h"})").ok());
  vault.sweep();
  EXPECT_EQ(current(), R"({"user":"app","password":"first"})") << "not before its time";
  later(hours(1));
  vault.sweep();
  const std::string second = current();
  EXPECT_NE(second, R"({"user":"app","password":"first"})");
  EXPECT_EQ(second.find(R"({"user":"app","password":")"), 0U) << "the rest stays";
  EXPECT_EQ(member(metadata("app/db"), "current_version"), "2");
  later(hours(1));
  vault.sweep();
  EXPECT_NE(current(), second);
  EXPECT_EQ(phase(), "\"idle\"");
}

TEST_F(RotationTest, GenerateFollowsItsPasswordPolicyAndFields) {
  ASSERT_TRUE(vault
                  .call(Operation::update, "sys/policies/password/pins",
                        R"({"policy":"length = 6\nrule \"charset\" { charset = \"0123456789\" }"})")
                  .ok());
  ASSERT_TRUE(write("app/db", R"({"pin":"0","other":"x"})").ok());
  ASSERT_TRUE(
      configure_rotation(
          R"({"rotator":"generate","period":"1h","password_policy":"pins","fields":"pin,puk"})")
          .ok());
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  const auto made = *Json::parse(current());
  EXPECT_EQ(made.find("other")->text(), "x");
  for (const char* name : {"pin", "puk"}) {
    EXPECT_EQ(made.find(name)->text().size(), 6U);
    EXPECT_EQ(made.find(name)->text().find_first_not_of("0123456789"), std::string::npos);
  }
}

TEST_F(RotationTest, TheFourStepsAreTakenInOrderAndTheValueIsStoredBeforeItIsSet) {
  first(R"({"rotator":"fake","period":"1h","target":"t"})");
  server.watch = [&](const RotationCall& call) {
    EXPECT_EQ(call.secret, "secret/app/db");
    EXPECT_EQ(call.settings, R"({"target":"t"})");
    if (call.step == RotationStep::create || call.step == RotationStep::finish) return;
    EXPECT_EQ(call.current, R"({"password":"first"})");
    EXPECT_EQ(value_of(read_stage("pending")), call.pending) << "it is sealed already";
    EXPECT_EQ(current(), R"({"password":"first"})") << "readers have what works";
  };
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(server.calls, (std::vector<std::string>{"create", "set", "test", "finish"}));
  EXPECT_EQ(server.runs.size(), 1U);
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  EXPECT_EQ(server.takes, std::set<std::string>{R"({"password":"made-1"})"});
}

TEST_F(RotationTest, FinishHasTheNewValueAsCurrentAndTheOldOneAsPrevious) {
  first();
  server.watch = [&](const RotationCall& call) {
    if (call.step != RotationStep::finish) return;
    EXPECT_EQ(call.current, R"({"password":"made-1"})");
    EXPECT_EQ(call.previous, R"({"password":"first"})");
  };
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 4U);
}

TEST_F(RotationTest, StagesAreReadByTheirNames) {
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = false}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(value_of(read_stage("current")), R"({"password":"first"})");
  EXPECT_EQ(value_of(read_stage("pending")), R"({"password":"made-1"})");
  EXPECT_EQ(value_of(read_stage("previous")), "none");
  EXPECT_TRUE(has(metadata("app/db"), R"("stages":{"current":1,"previous":null,"pending":true})"));
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(value_of(read_stage("current")), R"({"password":"made-1"})");
  EXPECT_EQ(value_of(read_stage("previous")), R"({"password":"first"})");
  EXPECT_EQ(value_of(read_stage("pending")), "none");
  EXPECT_TRUE(has(metadata("app/db"), R"("stages":{"current":2,"previous":1,"pending":false})"));
  ASSERT_TRUE(write("app/db", R"({"password":"by hand"})").ok());
  EXPECT_EQ(value_of(read_stage("previous")), "none") << "that was before, and no rotation's";
  expect_error(read_stage("next"), ErrorCode::invalid_argument, "stage");
}

TEST_F(RotationTest, PendingIsForThoseWhoMayReadTheRotation) {
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = false}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  const auto token_of = [&](const std::string& policy) {
    const std::string name = "p" + std::to_string(policy.size());
    EXPECT_TRUE(
        vault.call(Operation::update, "sys/policies/acl/" + name, R"({"policy":")" + policy + "\"}")
            .ok());
    const auto made = vault.call(Operation::update, "auth/token/create",
                                 R"({"policies":[")" + name + R"("],"no_default_policy":true})");
    EXPECT_TRUE(made.ok() && made->auth);
    return made->auth->client_token;
  };
  const std::string body = R"({"stage":"pending"})";
  const std::string data = R"(path \"secret/data/*\" { capabilities = [\"read\"] })";
  const auto reader = vault.call_as(token_of(data), Operation::read, "secret/data/app/db", body);
  expect_error(reader, ErrorCode::permission_denied, "permission denied");
  const auto keeper =
      vault.call_as(token_of(data + R"( path \"secret/rotation/*\" { capabilities = [\"read\"] })"),
                    Operation::read, "secret/data/app/db", body);
  EXPECT_EQ(value_of(keeper), R"({"password":"made-1"})");
}

TEST_F(RotationTest, ARefusedValueIsReplacedAndSeen) {
  first();
  server.faults = {{}, {.says = StepEnd::refused, .happens = false}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"first"})");
  EXPECT_EQ(phase(), "\"create\"");
  EXPECT_EQ(member(rotation(), "failures"), "1");
  EXPECT_EQ(member(rotation(), "trouble"), "\"set: as told\"");
  EXPECT_EQ(value_of(read_stage("pending")), "none");
  EXPECT_TRUE(has(vault.call(Operation::list, "sys/rotation/"), "\"failures\":1"));
  EXPECT_TRUE(has(vault.call(Operation::read, "sys/health"), "\"rotations_failing\":1"));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 2U) << "not at once";
  later(seconds(3));
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-2"})");
  EXPECT_EQ(server.runs.size(), 2U);
  EXPECT_FALSE(has(vault.call(Operation::read, "sys/health"), "rotations_failing"));
}

TEST_F(RotationTest, AValueThatIsTooLargeIsToldAsThat) {
  first();
  server.rest = R"(,"more":")" + std::string(std::size_t{1} << 20U, 'x') + "\"";
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(member(rotation(), "trouble"), "\"create: the new value is larger than 1 MiB\"");
  EXPECT_EQ(member(metadata("app/db"), "current_version"), "1");
}

/// The rest of the secret would be lost.
TEST_F(RotationTest, NothingIsMadeFromAVersionThatIsGone) {
  ASSERT_TRUE(write("app/db", R"({"password":"first"})").ok());
  for (const char* plan :
       {R"({"rotator":"generate","period":"1h"})", R"({"rotator":"fake","period":"1h"})"}) {
    ASSERT_TRUE(configure_rotation(plan).ok());
    ASSERT_TRUE(call(Operation::update, "delete/app/db", R"({"versions":[1]})").ok());
    ASSERT_TRUE(rotate_now().ok());
    vault.sweep();
    EXPECT_EQ(member(metadata("app/db"), "current_version"), "1");
    EXPECT_TRUE(has(rotation(), "the current version is deleted or destroyed"));
    EXPECT_TRUE(server.calls.empty());
    ASSERT_TRUE(call(Operation::update, "undelete/app/db", R"({"versions":[1]})").ok());
  }
  later(minutes(10));
  vault.sweep();
  EXPECT_EQ(member(metadata("app/db"), "current_version"), "2") << "it goes on by itself";
}

TEST_F(RotationTest, AnUnknownEndIsTriedAgainWithTheSameValue) {
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = true}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  later(seconds(3));
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  EXPECT_EQ(server.runs.size(), 1U);
  EXPECT_EQ(server.calls, (std::vector<std::string>{"create", "set", "set", "test", "finish"}));
}

TEST_F(RotationTest, AStepThatTheVaultDoesNotRememberIsTakenAgain) {
  for (int lost = 1; lost <= 5; ++lost) {
    SCOPED_TRACE(lost);
    const std::string path = "app/db" + std::to_string(lost);
    ASSERT_TRUE(write(path, R"({"password":"first"})").ok());
    server.takes = {R"({"password":"first"})"};
    ASSERT_TRUE(configure_rotation(R"({"rotator":"fake","period":"1h"})", path).ok());
    ASSERT_TRUE(rotate_now(path).ok());
    // As a kill -9 between the effect and its record: it happened, and nothing says so.
    vault.sweep(static_cast<std::size_t>(lost - 1));
    for (const auto& due :
         TestVault::must(lifecycle::due(*vault.begin(), system_clock().wall() + vault.ahead, 64))
             .due) {
      const auto tx = vault.begin();
      TestVault::must(vault.open().due_handlers.run(*tx, due, system_clock().wall() + vault.ahead));
    }
    reopen();
    vault.sweep();
    EXPECT_EQ(member(rotation(path), "phase"), "\"idle\"");
    EXPECT_EQ(server.takes, std::set<std::string>{value(path)});
  }
}

TEST_F(RotationTest, AFailedFinishLeavesTheNewValueInForceAndIsTriedAgain) {
  first();
  server.faults = {{}, {}, {}, {.says = StepEnd::unknown, .happens = false}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  EXPECT_EQ(phase(), "\"finish\"");
  EXPECT_EQ(server.takes.size(), 2U);
  later(seconds(3));
  vault.sweep();
  EXPECT_EQ(server.takes.size(), 1U);
  EXPECT_EQ(phase(), "\"idle\"");
}

TEST_F(RotationTest, APausedRotationStandsAndOneByHandGoesOn) {
  first(R"({"rotator":"fake","period":"1h","paused":true})");
  later(hours(5));
  vault.sweep();
  EXPECT_TRUE(server.calls.empty());
  EXPECT_EQ(member(rotation(), "next"), "null");
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  later(hours(5));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 4U) << "that was the one";
  ASSERT_TRUE(configure_rotation(R"({"paused":false})").ok());
  later(hours(1));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 8U);
}

TEST_F(RotationTest, AScheduleIsKeptAndItsWindowToo) {
  ASSERT_TRUE(write("app/db", R"({"password":"first"})").ok());
  ASSERT_TRUE(configure_rotation(R"({"rotator":"fake","schedule":"0 3 * * *",
      "time_zone":"Europe/Berlin","window":"1h"})")
                  .ok());
  later(hours(24));
  server.calls.clear();
  // Nothing swept for a day: the last of its times may be long past.
  const auto next = *Json::parse(rotation()->data);
  const std::string before = next.find("next")->text();
  later(hours(1) + minutes(1));
  vault.sweep();
  EXPECT_TRUE(server.calls.empty()) << "the window of " << before << " is over";
  EXPECT_EQ(phase(), "\"idle\"");
  EXPECT_NE(member(rotation(), "next"), "\"" + before + "\"");
}

TEST_F(RotationTest, EndingItWhileAValueIsBeingSetTakesForce) {
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = true}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  expect_error(call(Operation::remove, "rotation/app/db"), ErrorCode::precondition, "force");
  expect_error(configure_rotation(R"({"rotator":"generate"})"), ErrorCode::precondition, "rotator");
  ASSERT_TRUE(call(Operation::remove, "rotation/app/db", R"({"force":true})").ok());
  later(hours(2));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 2U);
  EXPECT_EQ(value_of(read_stage("pending")), "none");
  expect_error(rotation(), ErrorCode::not_found, "");
}

TEST_F(RotationTest, ASecretThatGoesTakesItsRotationAlong) {
  vault.sweep();  // the vault's own rows, of its keys' periods
  const std::size_t before = rows();
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = true}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  expect_error(call(Operation::remove, "metadata/app/db"), ErrorCode::precondition, "force=true");
  EXPECT_EQ(value_of(read_stage("pending")), R"({"password":"made-1"})");
  ASSERT_TRUE(call(Operation::remove, "rotation/app/db", R"({"force":true})").ok());
  ASSERT_TRUE(configure_rotation(R"({"rotator":"fake","period":"1h"})").ok());
  ASSERT_TRUE(call(Operation::remove, "metadata/app/db").ok());
  later(hours(2));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 2U);
  EXPECT_TRUE(TestVault::must(lifecycle::list_rotations(*vault.begin(), 10)).empty());
  // Marks stay of minutes in which something was due: the rotation, and the `kek`'s next look.
  EXPECT_EQ(rows(), before + 3) << "the config's row, and marks of two minutes";
}

TEST_F(RotationTest, AMountThatGoesTakesItsRotationsAlong) {
  first();
  server.faults = {{}, {.says = StepEnd::unknown, .happens = true}};
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  ASSERT_TRUE(vault.call(Operation::remove, "sys/mounts/secret").ok());
  later(hours(2));
  vault.sweep();
  EXPECT_EQ(server.calls.size(), 2U);
  EXPECT_TRUE(TestVault::must(lifecycle::list_rotations(*vault.begin(), 10)).empty());
}

TEST_F(RotationTest, FinishWaitsForThoseWhoReadTheOldValueLately) {
  first(R"({"rotator":"fake","period":"10h","readers_window":"1h","readers_deadline":"2h"})");
  ASSERT_TRUE(write("app/db", R"({"password":"first"})").ok());
  later(hours(2));  // all readers of the window are known from here on
  (void)current();
  ASSERT_TRUE(rotate_now().ok());
  // One row at a time, for other work of the vault is due between them.
  for (int row = 0; row < 20 && server.calls.size() < 3; ++row) vault.sweep(1);
  EXPECT_EQ(server.calls, (std::vector<std::string>{"create", "set", "test"}));
  later(minutes(1));
  for (int row = 0; row < 20 && phase() != "\"wait\""; ++row) vault.sweep(1);
  EXPECT_EQ(phase(), "\"wait\"");
  const auto readers = call(Operation::read, "readers/app/db");
  EXPECT_TRUE(has(readers, R"("awaited":[{"accessor":)")) << readers->data;
  EXPECT_EQ(server.takes.size(), 2U) << "the old value works as long";
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  EXPECT_TRUE(call(Operation::read, "data/app/db", R"({"version":2})").ok()) << "a look back";
  later(minutes(5));
  vault.sweep();
  EXPECT_EQ(phase(), "\"idle\"");
  EXPECT_EQ(server.takes.size(), 1U);
}

TEST_F(RotationTest, NobodyIsWaitedForLongerThanTheDeadline) {
  first(R"({"rotator":"fake","period":"100h","readers_window":"1h","readers_deadline":"2h"})");
  later(hours(2));
  (void)current();
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(phase(), "\"wait\"");
  later(hours(1));
  vault.sweep();
  EXPECT_EQ(phase(), "\"wait\"");
  later(hours(1) + seconds(1));
  vault.sweep();
  EXPECT_EQ(phase(), "\"idle\"");
}

TEST_F(RotationTest, WhoHasNotLookedForTheWholeWindowWaitsForTheDeadline) {
  first(R"({"rotator":"fake","period":"100h","readers_window":"1h","readers_deadline":"2h"})");
  later(hours(3));
  reopen();
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(phase(), "\"wait\"");
  EXPECT_TRUE(has(call(Operation::read, "readers/app/db"), R"("unknown_readers":true)"));
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(phase(), "\"idle\"") << "by hand it goes on at once";
}

TEST_F(RotationTest, AReaderOfBeforeTheWindowIsNotWaitedFor) {
  first(R"({"rotator":"fake","period":"100h","readers_window":"1h","readers_deadline":"2h"})");
  (void)current();
  later(hours(3));
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  later(seconds(3));
  vault.sweep();
  EXPECT_EQ(phase(), "\"idle\"");
}

/// Its line in the log took so long that the next version was current by then.
TEST_F(RotationTest, WhoWasAnsweredWithTheOldValueMeanwhileIsWaitedFor) {
  first(R"({"rotator":"fake","period":"100h","readers_window":"1h","readers_deadline":"2h"})");
  later(hours(3));
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_EQ(phase(), "\"wait\"");
  EXPECT_TRUE(call(Operation::read, "data/app/db", R"({"version":1})").ok());
  later(seconds(3));
  vault.sweep();
  EXPECT_EQ(phase(), "\"wait\"");
  EXPECT_TRUE(has(call(Operation::read, "readers/app/db"), R"("awaited":[{"accessor":)"));
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  later(minutes(5));
  vault.sweep();
  EXPECT_EQ(phase(), "\"idle\"");
}

TEST_F(RotationTest, WhoIsAwaitedIsAwaitedOverARestart) {
  first(R"({"rotator":"fake","period":"100h","readers_window":"1h","readers_deadline":"2h"})");
  later(hours(2));
  (void)current();
  ASSERT_TRUE(rotate_now().ok());
  vault.sweep();
  EXPECT_TRUE(has(call(Operation::read, "readers/app/db"), R"("unknown_readers":false)"));
  reopen();
  later(minutes(5));
  vault.sweep();
  EXPECT_EQ(phase(), "\"wait\"");
  EXPECT_EQ(server.takes.size(), 2U);
  EXPECT_EQ(current(), R"({"password":"made-1"})");
  later(minutes(5));
  vault.sweep();
  EXPECT_EQ(phase(), "\"idle\"");
}

TEST_F(RotationTest, ConfigurationIsChecked) {
  ASSERT_TRUE(write("app/db").ok());
  const std::pair<const char*, const char*> wrong[] = {
      {R"({})", "rotator"},
      {R"({"rotator":"nobody","period":"1h"})", "rotator"},
      {R"({"rotator":"generate"})", "period"},
      {R"({"rotator":"generate","period":"0s"})", "period"},
      {R"({"rotator":"generate","period":"-1h"})", "period"},
      {R"({"rotator":"generate","period":"1h","schedule":"@daily"})", "not both"},
      {R"({"rotator":"generate","period":"1h","window":"1h"})", "window"},
      {R"({"rotator":"generate","period":"1h","time_zone":"Etc/UTC"})", "time_zone"},
      {R"({"rotator":"generate","schedule":"whenever"})", "five fields"},
      {R"({"rotator":"generate","schedule":"@daily","time_zone":"Mars"})", "time_zone"},
      {R"({"rotator":"generate","schedule":"@daily","window":"5s"})", "window"},
      {R"({"rotator":"generate","schedule":"@daily","window":"1h","jitter":"2h"})", "jitter"},
      {R"({"rotator":"generate","period":"1h","fields":[]})", "fields"},
      {R"({"rotator":"generate","period":"1h","fields":[""]})", "fields"},
      {R"({"rotator":"generate","period":"1h","password_policy":"none"})", "policy"},
      {R"({"rotator":"generate","period":"1h","paused":7})", "paused"},
  };
  for (const auto& [body, part] : wrong) {
    const auto answer = configure_rotation(body);
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument) << body;
    EXPECT_NE(answer.error().text.find(part), std::string::npos) << answer.error().text;
  }
  expect_error(rotation(), ErrorCode::not_found, "");
  expect_error(configure_rotation(R"({"rotator":"generate","period":"1h"})", "no/such"),
               ErrorCode::not_found, "no such secret");
  expect_error(rotate_now(), ErrorCode::not_found, "");
}

TEST_F(RotationTest, WhatIsNotGivenStays) {
  first(R"({"rotator":"fake","period":"1h","target":"t","jitter":"5s","readers_window":"1m"})");
  ASSERT_TRUE(configure_rotation(R"({"period":"2h"})").ok());
  EXPECT_EQ(member(rotation(), "period"), "7200");
  EXPECT_EQ(member(rotation(), "jitter"), "5");
  EXPECT_EQ(member(rotation(), "settings"), R"({"target":"t"})");
  EXPECT_EQ(member(rotation(), "readers_window"), "60");
  EXPECT_EQ(member(rotation(), "readers_deadline"), "86400");
  ASSERT_TRUE(configure_rotation(R"({"schedule":"@daily"})").ok());
  EXPECT_EQ(member(rotation(), "period"), "0");
}

TEST_F(RotationTest, ListsThemByFolderAndAll) {
  first();
  ASSERT_TRUE(write("top").ok());
  ASSERT_TRUE(configure_rotation(R"({"rotator":"generate","period":"1h"})", "top").ok());
  EXPECT_EQ(names_of(call(Operation::list, "rotation/")), "app/ top");
  EXPECT_EQ(names_of(call(Operation::list, "rotation/app/")), "db");
  EXPECT_EQ(names_of(vault.call(Operation::list, "sys/rotation/")), "secret/app/db secret/top");
}

TEST_F(RotationTest, AnAnswerOfMetadataIsAsBeforeWhereNothingIsRotated) {
  ASSERT_TRUE(write("plain").ok());
  EXPECT_EQ(member(metadata("plain"), "rotation"), "-");
}

TEST_F(RotationTest, Version1HasNone) {
  EXPECT_FALSE(
      vault.call(Operation::update, "plain/rotation/x", R"({"rotator":"generate"})").ok() &&
      vault.call(Operation::list, "sys/rotation/").ok());
}

}  // namespace
}  // namespace coffer::engines::kv
