// What every Target promises, on three real servers.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>

#include "contract/targets/database_server.h"

namespace coffer::contract {
namespace {

using connectors::Kind;
using connectors::Target;
using connectors::TargetConfig;

std::string_view code_of(const Result<void>& result) {
  return result.ok() ? "ok" : to_string(result.error().code);
}

class TargetContract : public testing::TestWithParam<Kind> {
 protected:
  /// One server of each kind for all tests: their users have names of their own.
  static DatabaseServer& server_of(Kind kind) {
    static std::map<Kind, std::unique_ptr<DatabaseServer>> servers;
    auto& server = servers[kind];
    if (server == nullptr) server = DatabaseServer::start(kind);
    return *server;
  }

  void SetUp() override { target_ = make(server().config()); }
  DatabaseServer& server() { return server_of(GetParam()); }
  Target& target() { return *target_; }

  static std::unique_ptr<Target> make(TargetConfig config) {
    auto made = connectors::make_target(std::move(config));
    if (!made.ok()) throw std::runtime_error(describe(made.error()));
    return *std::move(made);
  }
  std::unique_ptr<Target> impatient() {
    TargetConfig config = server().config();
    config.connect_timeout = config.statement_timeout = std::chrono::milliseconds(1000);
    return make(std::move(config));
  }
  std::unique_ptr<Target> powerless() {
    TargetConfig config = server().config();
    config.username = unique("powerless");
    server().add_powerless(config.username, "p");
    config.password = secret("p");
    return make(std::move(config));
  }
  static std::string unique(const std::string& word) {
    static int count = 0;
    return word + std::to_string(++count);
  }
  static WallTime later() { return system_clock().wall() + std::chrono::hours(1); }

  void create(const std::string& name, const std::string& password = "pass word") {
    const auto made = target().create_user(server().creation(), name, secret(password), later());
    ASSERT_TRUE(made.ok()) << describe(made.error());
  }
  bool has(const std::string& name) {
    const auto there = target().has_user(name);
    EXPECT_TRUE(there.ok()) << describe(there.error());
    return there.ok() && *there;
  }

 private:
  std::unique_ptr<Target> target_;
};

TEST_P(TargetContract, VerifiesTheAdministrator) {
  EXPECT_EQ(code_of(target().verify()), "ok");
  TargetConfig wrong = server().config();
  wrong.password = secret("another");
  EXPECT_EQ(code_of(make(std::move(wrong))->verify()), "unauthenticated");
}

TEST_P(TargetContract, MakesAUserWhoCanLogIn) {
  const std::string name = unique("user");
  EXPECT_FALSE(has(name));
  create(name);
  EXPECT_TRUE(has(name));
  EXPECT_EQ(code_of(target().check_login(name, secret("pass word"))), "ok");
  EXPECT_EQ(code_of(target().check_login(name, secret("pass wore"))), "unauthenticated");
  const auto session = server().log_in(name, "pass word");
  ASSERT_NE(session, nullptr);
  EXPECT_TRUE(session->run(server().harmless()));
}

TEST_P(TargetContract, EndsAUserAndItsSessions) {
  const std::string name = unique("user");
  create(name);
  const auto session = server().log_in(name, "pass word");
  ASSERT_NE(session, nullptr);
  const auto dropped = target().drop_user({}, name);
  ASSERT_TRUE(dropped.ok()) << describe(dropped.error());
  EXPECT_FALSE(has(name));
  EXPECT_FALSE(session->run(server().harmless()));
  EXPECT_EQ(server().log_in(name, "pass word"), nullptr);
}

TEST_P(TargetContract, KnowsAUserThatIsGone) {
  const std::string name = unique("user");
  EXPECT_EQ(code_of(target().drop_user({}, name)), "not_found");
  EXPECT_EQ(code_of(target().set_password({}, name, secret("pass word"))), "not_found");
  EXPECT_EQ(code_of(target().end_sessions(name)), "ok");
  EXPECT_FALSE(has(name));
}

TEST_P(TargetContract, ListsUsersByHowTheirNamesBegin) {
  const std::string word = unique("begins") + "-";
  const auto listed = [&](const std::string& prefix) {
    auto names = target().users(prefix);
    EXPECT_TRUE(names.ok()) << describe(names.error());
    std::vector<std::string> sorted = names.ok() ? *names : std::vector<std::string>{};
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  };
  EXPECT_EQ(listed(word), std::vector<std::string>{});
  create(word + "b");
  create(word + "a");
  create("x" + word);
  EXPECT_EQ(listed(word), (std::vector{word + "a", word + "b"}));
  EXPECT_EQ(code_of(target().drop_user({}, word + "a")), "ok");
  EXPECT_EQ(listed(word), std::vector{word + "b"});
  // No sign of a pattern means anything, and the case of letters does.
  for (const char* other : {"%", "begins_", "begins%", "BEGINS", "'", "\\"}) {
    EXPECT_EQ(listed(other), std::vector<std::string>{}) << other;
  }
  EXPECT_GT(listed("").size(), listed(word).size()) << "the administrator is one too";
}

/// Whoever lists users and is told of none must be able to rely on it.
TEST_P(TargetContract, ListsNoUsersOfAServerThatIsAway) {
  const auto listing = impatient();
  server().pause();
  const auto names = listing->users("v-");
  server().resume();
  ASSERT_FALSE(names.ok());
  EXPECT_EQ(names.error().code, ErrorCode::unavailable);
}

TEST_P(TargetContract, EndsSessionsAndLeavesTheUser) {
  const std::string name = unique("user");
  create(name);
  const auto session = server().log_in(name, "pass word");
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(code_of(target().end_sessions(name)), "ok");
  EXPECT_FALSE(session->run(server().harmless()));
  EXPECT_NE(server().log_in(name, "pass word"), nullptr);
}

TEST_P(TargetContract, ChangesAPasswordUnderAnOpenSession) {
  const std::string name = unique("user");
  create(name, "first");
  const auto session = server().log_in(name, "first");
  ASSERT_NE(session, nullptr);
  const auto changed = target().set_password({}, name, secret("second"));
  ASSERT_TRUE(changed.ok()) << describe(changed.error());
  EXPECT_EQ(code_of(target().check_login(name, secret("first"))), "unauthenticated");
  EXPECT_EQ(code_of(target().check_login(name, secret("second"))), "ok");
  EXPECT_TRUE(session->run(server().harmless()));
}

TEST_P(TargetContract, LeavesAUserOfTheSameNameAsItIs) {
  const std::string name = unique("user");
  create(name, "first");
  EXPECT_EQ(code_of(target().create_user(server().creation(), name, secret("second"), later())),
            "conflict");
  EXPECT_EQ(code_of(target().check_login(name, secret("first"))), "ok");
}

/// Whoever asked needn't look for a user that may be there after all.
TEST_P(TargetContract, TellsThatNothingWasSentToAServerThatIsAway) {
  const auto creating = impatient();
  server().stop();
  const auto made =
      creating->create_user(server().creation(), unique("user"), secret("p"), later());
  server().restart();
  EXPECT_EQ(code_of(made), "resource_exhausted");
}

TEST_P(TargetContract, KeepsHostileNamesAndPasswordsValues) {
  const std::string bytes = server().kind() == Kind::redis ? "" : " ";
  const std::string names[] = {"it's",
                               "a\"b",
                               "a`b",
                               "a\\",
                               "a\\'b",
                               "a;b",
                               "a'--" + bytes + "x",
                               "$$a$$",
                               "a'" + bytes + "OR'1'='1",
                               "\xd0\x9c\xd0\xb8\xd1\x80",
                               "{{password}}",
                               "a@b",
                               "%",
                               "a_b",
                               "'",
                               "\"",
                               "\\"};
  const std::string passwords[] = {
      "'; DROP TABLE x; --",  "\"\\\"\\'",  "\\", "'", "$$", "{{name}}",
      std::string(200, '\''), "#/*!*/ %s%n"};
  std::size_t i = 0;
  for (const std::string& end : names) {
    const std::string name = unique("u") + end;
    const std::string& password = passwords[i++ % std::size(passwords)];
    create(name, password);
    EXPECT_EQ(code_of(target().check_login(name, secret(password))), "ok") << name;
    EXPECT_TRUE(has(name)) << name;
    EXPECT_EQ(code_of(target().set_password({}, name, secret(password + "2"))), "ok") << name;
    EXPECT_EQ(code_of(target().check_login(name, secret(password + "2"))), "ok") << name;
    EXPECT_EQ(code_of(target().drop_user({}, name)), "ok") << name;
    EXPECT_FALSE(has(name)) << name;
  }
}

TEST_P(TargetContract, RefusesNamesThatItCannotKeepWhole) {
  const std::string names[] = {"",
                               std::string("a\0b", 3),
                               "a\nb",
                               "\xff",
                               "a ",
                               " a",
                               std::string(target().longest_name() + 1, 'x')};
  for (const std::string& name : names) {
    EXPECT_EQ(code_of(target().create_user(server().creation(), name, secret("p"), later())),
              "invalid_argument");
    EXPECT_EQ(code_of(target().drop_user({}, name)), "invalid_argument");
    EXPECT_EQ(code_of(target().check_login(name, secret("p"))), "invalid_argument");
  }
  const std::string longest = unique("l") + std::string(target().longest_name(), 'x');
  create(longest.substr(0, target().longest_name()));
  EXPECT_TRUE(has(longest.substr(0, target().longest_name())));
}

TEST_P(TargetContract, SaysWhenARightIsMissing) {
  const std::string name = unique("user");
  create(name);
  const auto weak = powerless();
  const auto made = weak->create_user(server().creation(), unique("user"), secret("p"), later());
  EXPECT_EQ(code_of(made), "precondition");
  EXPECT_NE(made.error().text.find("insufficient privilege"), std::string::npos)
      << made.error().text;
  EXPECT_EQ(code_of(weak->drop_user({}, name)), "precondition");
  EXPECT_TRUE(has(name));
  EXPECT_EQ(code_of(weak->set_password({}, name, secret("p"))), "precondition");
}

TEST_P(TargetContract, RefusesWrongStatementsForGood) {
  const std::string name = unique("user");
  EXPECT_EQ(code_of(target().create_user(server().wrong_creation(), name, secret("p"), later())),
            "precondition");
  // MariaDB has no transactions for users; whoever asked has to drop what may be there.
  const auto dropped = target().drop_user({}, name);
  EXPECT_EQ(code_of(dropped), server().kind() == Kind::mariadb ? "ok" : "not_found");
  EXPECT_FALSE(has(name));
}

TEST_P(TargetContract, TellsOfAServerThatIsDownAndGoesOnAfterwards) {
  const std::string name = unique("user");
  create(name);
  server().stop();
  EXPECT_EQ(code_of(target().verify()), "unavailable");
  EXPECT_EQ(code_of(target().drop_user({}, name)), "unavailable");
  EXPECT_EQ(code_of(target().check_login(name, secret("p"))), "unavailable");
  server().restart();
  EXPECT_EQ(code_of(target().verify()), "ok");
  create(unique("user"));
}

TEST_P(TargetContract, GivesUpOnAServerThatStandsStillAndGoesOnAfterwards) {
  const auto hasty = impatient();
  EXPECT_EQ(code_of(hasty->end_sessions("nobody")), "ok");  // a connection is open
  server().pause();
  EXPECT_EQ(code_of(hasty->drop_user({}, "nobody")), "unavailable");
  EXPECT_EQ(code_of(hasty->verify()), "unavailable");
  server().resume();
  EXPECT_EQ(code_of(hasty->drop_user({}, "nobody")), "not_found");
  EXPECT_EQ(code_of(hasty->verify()), "ok");
}

TEST_P(TargetContract, ServesMoreCallersThanItHasConnections) {
  std::vector<std::thread> threads;
  std::vector<std::string> names;
  for (int i = 0; i < 16; ++i) names.push_back(unique("user"));
  std::atomic<int> made = 0;
  for (const std::string& name : names) {
    threads.emplace_back([&] {
      if (target().create_user(server().creation(), name, secret("p"), later()).ok()) ++made;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 16);
  for (const std::string& name : names) EXPECT_EQ(code_of(target().drop_user({}, name)), "ok");
}

TEST_P(TargetContract, TellsNoValueInItsErrors) {
  const std::string canary = "CANARY";
  const auto weak = powerless();
  const auto made =
      target().create_user(server().wrong_creation(), canary, secret(canary), later());
  const auto dropped = weak->drop_user({}, canary);
  const auto logged = target().check_login("nobody_at_all", secret(canary));
  ASSERT_FALSE(made.ok());
  ASSERT_FALSE(logged.ok());
  for (const auto* error : {&made.error(), &logged.error()}) {
    EXPECT_EQ(describe(*error).find(canary), std::string::npos) << describe(*error);
  }
  EXPECT_TRUE(dropped.ok() || describe(dropped.error()).find(canary) == std::string::npos);
  (void)target().drop_user({}, canary);
}

/// Redis keeps no log of commands.
class LoggedTargetContract : public TargetContract {};

TEST_P(LoggedTargetContract, SendsNoPasswordInAStatement) {
  const std::string name = unique("user");
  create(name, "first canary");
  ASSERT_TRUE(target().set_password({}, name, secret("second canary")).ok());
  const std::string log = server().statement_log();
  EXPECT_NE(log.find(name), std::string::npos);
  EXPECT_EQ(log.find("first canary"), std::string::npos);
  EXPECT_EQ(log.find("second canary"), std::string::npos);
}

TEST_P(TargetContract, ChecksStatementsWithoutAConnection) {
  using connectors::Purpose;
  EXPECT_EQ(code_of(target().check(Purpose::creation, server().creation())), "ok");
  for (const auto purpose : {Purpose::revocation, Purpose::renew, Purpose::rotation}) {
    EXPECT_EQ(code_of(target().check(purpose, {})), "ok");
  }
  const std::string bare[] = {"DROP ROLE {{name}}"};
  EXPECT_EQ(code_of(target().check(Purpose::creation, bare)), "invalid_argument");
  EXPECT_EQ(code_of(target().check(Purpose::revocation, bare)), "invalid_argument");
}

std::string name_of(const testing::TestParamInfo<Kind>& info) {
  switch (info.param) {
    case Kind::postgresql: return "PostgreSQL";
    case Kind::mariadb: return "MariaDB";
    case Kind::redis: return "Redis";
  }
  return {};
}

INSTANTIATE_TEST_SUITE_P(Servers, LoggedTargetContract,
                         testing::Values(Kind::postgresql, Kind::mariadb), name_of);
INSTANTIATE_TEST_SUITE_P(Servers, TargetContract,
                         testing::Values(Kind::postgresql, Kind::mariadb, Kind::redis), name_of);

}  // namespace
}  // namespace coffer::contract
