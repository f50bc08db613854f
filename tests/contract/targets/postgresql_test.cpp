// What only PostgreSQL has: objects that users own, rights on them, several databases, time limits.
#include <gtest/gtest.h>

#include <thread>

#include "contract/targets/database_server.h"

namespace coffer::contract {
namespace {

using connectors::Kind;
using connectors::Target;

class PostgresqlTarget : public testing::Test {
 protected:
  static DatabaseServer& server() {
    static const auto started = DatabaseServer::start(Kind::postgresql);
    return *started;
  }
  void SetUp() override {
    auto made = connectors::make_target(server().config());
    ASSERT_TRUE(made.ok()) << describe(made.error());
    target_ = *std::move(made);
  }
  Target& target() { return *target_; }
  static std::unique_ptr<Target> target_for(const std::string& url) {
    auto config = server().config();
    config.connection_url = url;
    auto made = connectors::make_target(std::move(config));
    if (!made.ok()) throw std::runtime_error(describe(made.error()));
    return *std::move(made);
  }
  static WallTime later() { return system_clock().wall() + std::chrono::hours(1); }
  Result<void> create(const std::vector<std::string>& statements, const std::string& name) {
    return target().create_user(statements, name, secret("p"), later());
  }
  static void admin_runs(const std::string& statement, const std::string& database = "app") {
    auto target = target_for("host=" + server().directory() +
                             " user={{username}} password={{password}} dbname=" + database);
    // Rotation templates are the way to run anything as the administrator.
    must(target->set_password(std::vector<std::string>{statement + "; SELECT '{{name}}'"}, "coffer",
                              secret("unused")));
  }

 private:
  std::unique_ptr<Target> target_;
};

/// All of them want a login to another database at once, beside all of the pool's.
TEST_F(PostgresqlTarget, VisitsOtherDatabasesWithinItsConnections) {
  auto config = server().config();
  config.max_connections = connectors::kMostConnections;
  auto made = connectors::make_target(std::move(config));
  ASSERT_TRUE(made.ok());
  server().as_owner("CREATE DATABASE visited OWNER coffer");
  admin_runs("CREATE TABLE seen (a int)", "visited");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < connectors::kMostConnections; ++i) {
    names.push_back("visitor" + std::to_string(i));
    must(create(server().creation(), names.back()));
    admin_runs("GRANT SELECT ON seen TO \"" + names.back() + "\"", "visited");
  }
  std::vector<std::thread> ending;
  ending.reserve(names.size());
  for (const std::string& name : names) {
    ending.emplace_back([&] { EXPECT_TRUE((*made)->drop_user({}, name).ok()); });
  }
  for (std::thread& thread : ending) thread.join();
  for (const std::string& name : names) EXPECT_FALSE(*target().has_user(name)) << name;
}

/// What a role's statements do to the session is not for the next role's.
TEST_F(PostgresqlTarget, StartsEachRolesStatementsInACleanSession) {
  auto config = server().config();
  config.max_connections = 1;
  auto made = connectors::make_target(std::move(config));
  ASSERT_TRUE(made.ok());
  const std::string user = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'; ";
  const std::vector<std::string> clean{
      user +
      "DO $$ BEGIN IF current_setting('search_path') = 'nowhere' OR to_regclass('left_here') IS "
      "NOT "
      "NULL OR (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = "
      "pg_backend_pid()) + (SELECT count(*) FROM pg_prepared_statements) > 0 THEN RAISE 'not "
      "clean'; END IF; END $$"};
  int number = 0;
  for (const char* const changing :
       {"SELECT set_config('search_path', 'nowhere', false)",
        "DO $$ BEGIN PERFORM set_config('search_path', 'nowhere', false); END $$",
        "CREATE TEMPORARY TABLE left_here (a int)", "SELECT pg_advisory_lock(17)",
        "SELECT 1 AS a INTO TEMPORARY left_here", "PREPARE p AS SELECT 1",
        "SET search_path = nowhere"}) {
    const std::string name = "changing" + std::to_string(++number);
    const std::vector<std::string> statements{user + changing};
    const auto changed = (*made)->create_user(statements, name, secret("p"), later());
    ASSERT_TRUE(changed.ok()) << changing << ": " << describe(changed.error());
    const auto next = (*made)->create_user(clean, name + "next", secret("p"), later());
    EXPECT_TRUE(next.ok()) << changing << ": " << describe(next.error());
  }
  // A lock of a session stays though the statements after it were refused, and undone.
  const std::vector<std::string> refused{user + "SELECT pg_advisory_lock(17); SELECT nothing"};
  EXPECT_FALSE((*made)->create_user(refused, "changing0", secret("p"), later()).ok());
  const auto next = (*made)->create_user(clean, "changing0next", secret("p"), later());
  EXPECT_TRUE(next.ok()) << describe(next.error());
}

/// A new login costs more than the statements do.
TEST_F(PostgresqlTarget, KeepsTheSessionAfterStatementsThatLeaveItAlone) {
  server().as_owner("CREATE TABLE sessions (pid int)");
  const auto note_sessions = [] {
    server().as_owner(
        "INSERT INTO sessions SELECT pid FROM pg_stat_activity WHERE usename = 'coffer'");
  };
  must(create(server().creation(), "keeping1"));
  note_sessions();
  must(create(server().creation(), "keeping2"));
  must(target().renew_user({}, "keeping2", later()));
  must(target().drop_user({}, "keeping1"));
  note_sessions();
  EXPECT_NO_THROW(server().as_owner(
      "DO $$ BEGIN IF NOT EXISTS (SELECT pid FROM sessions GROUP BY pid HAVING count(*) = 2) THEN "
      "RAISE 'another session'; END IF; END $$"));
}

TEST_F(PostgresqlTarget, GivesWhatAUserOwnsToTheAdministrator) {
  must(create(server().creation(), "owner1"));
  const auto session = server().log_in("owner1", "p");
  ASSERT_NE(session, nullptr);
  ASSERT_TRUE(session->run("CREATE TABLE kept (a int); INSERT INTO kept VALUES (1)"));
  const auto dropped = target().drop_user({}, "owner1");
  ASSERT_TRUE(dropped.ok()) << describe(dropped.error());
  const auto admin = server().log_in("coffer", "the administrator's password");
  ASSERT_NE(admin, nullptr);
  EXPECT_TRUE(admin->run("INSERT INTO kept SELECT a FROM kept; ALTER TABLE kept RENAME TO kept2"));
}

TEST_F(PostgresqlTarget, CleansUpInOtherDatabases) {
  must(create({"CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'"}, "other1"));
  const auto other = target_for("host=" + server().directory() +
                                " user={{username}} password={{password}} dbname=other");
  const std::vector<std::string> grant{"CREATE SCHEMA s1; GRANT ALL ON SCHEMA s1 TO \"{{name}}\""};
  must(other->set_password(grant, "other1", secret("p")));
  const auto dropped = target().drop_user({}, "other1");
  ASSERT_TRUE(dropped.ok()) << describe(dropped.error());
  EXPECT_EQ(server().log_in("other1", "p"), nullptr);
}

TEST_F(PostgresqlTarget, EndsASessionThatHoldsLocks) {
  must(create(server().creation(), "locker1"));
  const auto session = server().log_in("locker1", "p");
  ASSERT_NE(session, nullptr);
  ASSERT_TRUE(session->run("CREATE TABLE locked (a int)"));
  // It says that a transaction was left open, and it was.
  EXPECT_FALSE(session->run("BEGIN; LOCK TABLE locked"));
  const auto dropped = target().drop_user({}, "locker1");
  EXPECT_TRUE(dropped.ok()) << describe(dropped.error());
  EXPECT_FALSE(session->run("SELECT 1"));
}

/// A member of the administrator can't have it as a member: what the end needs is refused then.
TEST_F(PostgresqlTarget, EndsAUserThatBecameTheAdministratorsMember) {
  const std::vector<std::string> statements{
      "CREATE ROLE \"{{name}}\" LOGIN CREATEROLE PASSWORD '{{password}}'"};
  for (const std::string way : {"coffer", "\"A way\""}) {
    must(create(statements, "climber1"));
    const auto session = server().log_in("climber1", "p");
    ASSERT_NE(session, nullptr);
    if (way != "coffer") {
      ASSERT_TRUE(session->run("CREATE ROLE " + way + "; GRANT coffer TO " + way));
    }
    ASSERT_TRUE(session->run("GRANT " + way + " TO climber1"));
    const auto dropped = target().drop_user({}, "climber1");
    EXPECT_TRUE(dropped.ok()) << way << ": " << describe(dropped.error());
    EXPECT_FALSE(session->run("SELECT 1")) << way;
    EXPECT_FALSE(*target().has_user("climber1")) << way;
  }
  admin_runs("DROP ROLE \"A way\"");
}

TEST_F(PostgresqlTarget, EndsWhatItsOwnStatementsMadeTheAdministratorsMember) {
  must(create({server().creation()[0], "GRANT coffer TO \"{{name}}\""}, "climber2"));
  const auto dropped = target().drop_user({}, "climber2");
  EXPECT_TRUE(dropped.ok()) << describe(dropped.error());
  EXPECT_EQ(server().log_in("climber2", "p"), nullptr);
}

TEST_F(PostgresqlTarget, ShutsOutAUserWhoseEndIsRefused) {
  must(create(server().creation(), "stubborn1"));
  // What a superuser granted through a superuser, only a superuser takes back.
  server().as_owner("CREATE ROLE strong SUPERUSER; GRANT coffer TO strong");
  server().as_owner("GRANT strong TO stubborn1");
  const auto refused = target().drop_user({}, "stubborn1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::precondition);
  EXPECT_NE(refused.error().text.find("0LP01"), std::string::npos) << refused.error().text;
  EXPECT_TRUE(*target().has_user("stubborn1"));
  EXPECT_EQ(server().log_in("stubborn1", "p"), nullptr);
  server().as_owner("DROP ROLE strong");
  const auto dropped = target().drop_user({}, "stubborn1");
  EXPECT_TRUE(dropped.ok()) << describe(dropped.error());
}

/// Any user may change itself, and NOLOGIN waits for the one that does.
TEST_F(PostgresqlTarget, EndsASessionThatHoldsItsOwnRole) {
  must(create(server().creation(), "locker2"));
  const auto session = server().log_in("locker2", "p");
  ASSERT_NE(session, nullptr);
  // It says that a transaction was left open, and it was.
  EXPECT_FALSE(session->run("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'q'"));
  const auto dropped = target().drop_user({}, "locker2");
  EXPECT_TRUE(dropped.ok()) << describe(dropped.error());
  EXPECT_FALSE(session->run("SELECT 1"));
  EXPECT_FALSE(*target().has_user("locker2"));
}

TEST_F(PostgresqlTarget, GrantsOnOneTableFromManyAtOnce) {
  admin_runs("CREATE TABLE shared (a int)");
  const std::vector<std::string> statements{
      "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'",
      "GRANT SELECT ON shared TO \"{{name}}\""};
  std::vector<std::thread> threads;
  threads.reserve(16);
  std::atomic<int> made = 0;
  std::atomic<int> dropped = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, name = "many" + std::to_string(i)] {
      if (create(statements, name).ok()) ++made;
      if (target().drop_user({}, name).ok()) ++dropped;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 16);
  EXPECT_EQ(dropped, 16);
}

TEST_F(PostgresqlTarget, KeepsNoRoleThatAStatementSet) {
  admin_runs("CREATE ROLE weaker; GRANT weaker TO coffer");
  const std::vector<std::string> statements{
      "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'; SET ROLE weaker"};
  for (const char* name : {"role1", "role2", "role3", "role4", "role5"}) {
    EXPECT_TRUE(create(statements, name).ok());
    EXPECT_TRUE(target().drop_user({}, name).ok());
  }
}

TEST_F(PostgresqlTarget, LetsAUserInUntilItsTimeAlone) {
  must(target().create_user(server().creation(), "timed1", secret("p"),
                            system_clock().wall() - std::chrono::hours(1)));
  EXPECT_EQ(server().log_in("timed1", "p"), nullptr);
  must(target().renew_user({}, "timed1", later()));
  EXPECT_NE(server().log_in("timed1", "p"), nullptr);
  const auto nobody = target().renew_user({}, "timed2", later());
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, ErrorCode::not_found);
}

TEST_F(PostgresqlTarget, RevokesByStatementsAndEndsSessions) {
  must(create(server().creation(), "by_statement1"));
  const auto session = server().log_in("by_statement1", "p");
  ASSERT_NE(session, nullptr);
  const std::vector<std::string> revocation{"DROP OWNED BY \"{{name}}\"; DROP ROLE \"{{name}}\""};
  must(target().drop_user(revocation, "by_statement1"));
  EXPECT_FALSE(session->run("SELECT 1"));
  const auto again = target().drop_user(revocation, "by_statement1");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_F(PostgresqlTarget, SaysThatObjectsDependWhereStatementsForgetThem) {
  must(create(server().creation(), "forgotten1"));
  const std::vector<std::string> revocation{"DROP ROLE \"{{name}}\""};
  const auto refused = target().drop_user(revocation, "forgotten1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::precondition);
  EXPECT_NE(refused.error().text.find("2BP01"), std::string::npos) << refused.error().text;
  must(target().drop_user({}, "forgotten1"));
}

TEST_F(PostgresqlTarget, IsNotFooledByATransactionThatIsLeftOpen) {
  const std::vector<std::string> statements{
      "BEGIN; CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}'"};
  const auto made = create(statements, "open1");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::precondition);
  const auto there = target().has_user("open1");
  EXPECT_TRUE(there.ok() && !*there);
}

TEST_F(PostgresqlTarget, DoesNotWaitForCopyData) {
  const std::vector<std::string> statements{"COPY pg_class FROM STDIN; SELECT '{{name}}'"};
  EXPECT_FALSE(create(statements, "copy1").ok());
  EXPECT_TRUE(target().verify().ok());
}

}  // namespace
}  // namespace coffer::contract
