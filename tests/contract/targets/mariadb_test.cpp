// What only MariaDB has: accounts of one name on several hosts, and KILL that says nothing.
#include <gtest/gtest.h>

#include "contract/targets/database_server.h"
#include "src/connectors/mariadb_connection.h"

namespace coffer::contract {
namespace {

using connectors::Kind;
using connectors::Target;

class MariadbTarget : public testing::Test {
 protected:
  static DatabaseServer& server() {
    static const auto started = DatabaseServer::start(Kind::mariadb);
    return *started;
  }
  void SetUp() override {
    auto made = connectors::make_target(server().config());
    ASSERT_TRUE(made.ok()) << describe(made.error());
    target_ = *std::move(made);
  }
  Target& target() { return *target_; }
  static Result<void> create_on(Target& target, const std::vector<std::string>& statements,
                                const std::string& name) {
    return target.create_user(statements, name, secret("p"), system_clock().wall());
  }
  Result<void> create(const std::vector<std::string>& statements, const std::string& name) {
    return create_on(target(), statements, name);
  }
  bool has(const std::string& name) {
    const auto there = target().has_user(name);
    return there.ok() && *there;
  }

 private:
  std::unique_ptr<Target> target_;
};

TEST_F(MariadbTarget, EndsTheAccountsOfAllHosts) {
  must(create({"CREATE USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}', '{{name}}'@'%' "
               "IDENTIFIED BY '{{password}}', '{{name}}'@'10.%' IDENTIFIED BY '{{password}}'"},
              "hosts1"));
  must(target().set_password({}, "hosts1", secret("q")));
  EXPECT_NE(server().log_in("hosts1", "q"), nullptr);
  must(target().drop_user({}, "hosts1"));
  EXPECT_FALSE(has("hosts1"));
}

/// The server would make "v-?-1" of it, and say that all went well.
TEST_F(MariadbTarget, MakesNoUserOfAnotherName) {
  const std::string name = "v-\xF0\x9F\x98\x80-1";
  const auto made = create(server().creation(), name);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(target().has_user(name).ok());
  EXPECT_FALSE(target().drop_user({}, name).ok()) << "an end that is none must not count as done";
  EXPECT_FALSE(has("v-?-1"));
}

TEST_F(MariadbTarget, SaysThatItMayNotEndSessions) {
  server().as_owner("CREATE USER nokill@localhost IDENTIFIED BY 'p'");
  server().as_owner("GRANT CREATE USER ON *.* TO nokill@localhost");
  server().as_owner("GRANT SELECT ON mysql.user TO nokill@localhost");
  auto config = server().config();
  config.username = "nokill";
  config.password = secret("p");
  const auto made = connectors::make_target(std::move(config));
  ASSERT_TRUE(made.ok());
  must(create(server().creation(), "kept1"));
  const auto refused = (*made)->drop_user({}, "kept1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::precondition);
  EXPECT_NE(refused.error().text.find("CONNECTION ADMIN"), std::string::npos);
  EXPECT_TRUE(has("kept1"));
  EXPECT_EQ(server().log_in("kept1", "p"), nullptr);  // locked all the same
  must(target().drop_user({}, "kept1"));
}

/// ACCOUNT LOCK waits for it.
TEST_F(MariadbTarget, EndsASessionThatHoldsALockOfAll) {
  must(create(server().creation(), "locker1"));
  server().as_owner("GRANT RELOAD ON *.* TO locker1@localhost");
  const auto session = server().log_in("locker1", "p");
  ASSERT_NE(session, nullptr);
  ASSERT_TRUE(session->run("FLUSH TABLES WITH READ LOCK"));
  const auto dropped = target().drop_user({}, "locker1");
  EXPECT_TRUE(dropped.ok()) << describe(dropped.error());
  EXPECT_FALSE(session->run("SELECT 1"));
  EXPECT_FALSE(has("locker1"));
}

TEST_F(MariadbTarget, RevokesByStatementsAndEndsSessions) {
  must(create(server().creation(), "by_statement1"));
  const auto session = server().log_in("by_statement1", "p");
  ASSERT_NE(session, nullptr);
  const std::vector<std::string> revocation{
      "REVOKE ALL PRIVILEGES, GRANT OPTION FROM '{{name}}'@'localhost'; DROP USER "
      "'{{name}}'@'localhost'"};
  must(target().drop_user(revocation, "by_statement1"));
  EXPECT_FALSE(session->run("SELECT 1"));
  EXPECT_FALSE(has("by_statement1"));
}

TEST_F(MariadbTarget, KeepsItsModesWhateverAStatementSets) {
  const std::vector<std::string> statements{
      "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; CREATE USER "
      "'{{name}}'@'localhost' IDENTIFIED BY '{{password}}'"};
  for (const char* name : {"mode\\1", "mode\\2", "mode\\3", "mode\\4", "mode\\5"}) {
    must(create(statements, name));
    EXPECT_TRUE(has(name)) << name;
    must(target().drop_user({}, name));
    EXPECT_FALSE(has(name)) << name;
  }
}

/// What a role's statements do to the session is not for the next role's.
TEST_F(MariadbTarget, StartsEachRolesStatementsInACleanSession) {
  server().as_owner("GRANT CREATE TEMPORARY TABLES ON app.* TO coffer@localhost");
  auto config = server().config();
  config.max_connections = 1;
  auto made = connectors::make_target(std::move(config));
  ASSERT_TRUE(made.ok());
  const std::string user = "CREATE USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'";
  const std::string table = "CREATE TEMPORARY TABLE app.left_here (a int)";
  const std::vector<std::string> clean{user, table,
                                       // Two rows where one may be are an error.
                                       "SELECT IF(@left_here = 1 OR IS_USED_LOCK('left here') IS "
                                       "NOT NULL, (SELECT 1 UNION SELECT 2), "
                                       "0)"};
  int number = 0;
  for (const std::string& changing :
       {std::string("SELECT @left_here := 1"), table, std::string("SET @left_here = 1"),
        std::string("SELECT GET_LOCK('left here', 0)")}) {
    const std::string name = "changing" + std::to_string(++number);
    must(create_on(**made, {user, changing}, name));
    const auto next = create_on(**made, clean, name + "next");
    EXPECT_TRUE(next.ok()) << changing << ": " << describe(next.error());
  }
}

/// A new login costs more than the statements do.
TEST_F(MariadbTarget, KeepsTheSessionAfterStatementsThatLeaveItAlone) {
  server().as_owner("CREATE TABLE app.sessions (id BIGINT)");
  const auto note_sessions = [] {
    server().as_owner(
        "INSERT INTO app.sessions SELECT ID FROM information_schema.PROCESSLIST WHERE USER = "
        "'coffer'");
  };
  must(create(server().creation(), "keeping1"));
  note_sessions();
  must(create({"\n create  user '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'",
               "grant SELECT ON app.* TO '{{name}}'@'localhost'"},
              "keeping2"));
  must(target().drop_user({}, "keeping1"));
  note_sessions();
  EXPECT_NO_THROW(
      server().as_owner("BEGIN NOT ATOMIC IF NOT EXISTS (SELECT id FROM app.sessions GROUP BY id "
                        "HAVING COUNT(*) = 2) "
                        "THEN SIGNAL SQLSTATE '45000'; END IF; END"));
}

TEST_F(MariadbTarget, TellsNamesApartByCase) {
  must(create(server().creation(), "case1"));
  EXPECT_FALSE(has("CASE1"));
  must(target().drop_user({}, "case1"));
}

/// While there is one, and the server is as strict as it is by default.
class PasswordValidation {
 public:
  explicit PasswordValidation(DatabaseServer& server) : server_(server) {
    server_.as_owner("INSTALL SONAME 'simple_password_check'");
  }
  ~PasswordValidation() {
    server_.as_owner("SET GLOBAL strict_password_validation = ON");
    server_.as_owner("UNINSTALL SONAME 'simple_password_check'");
  }
  PasswordValidation(const PasswordValidation&) = delete;
  PasswordValidation& operator=(const PasswordValidation&) = delete;

 private:
  DatabaseServer& server_;
};

TEST_F(MariadbTarget, TellsThatPasswordsAreValidated) {
  must(create(server().creation(), "validated1"));
  const PasswordValidation validation(server());
  const std::vector<std::string> own{
      "ALTER USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'"};
  const auto attempts = [&] {
    return std::vector<Result<void>>{create(server().creation(), "validated2"),
                                     target().set_password({}, "validated1", secret("q")),
                                     target().set_password(own, "validated1", secret("q"))};
  };
  for (const auto& refused : attempts()) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::precondition);
    EXPECT_NE(refused.error().text.find("strict_password_validation=OFF"), std::string::npos)
        << describe(refused.error());
  }
  EXPECT_FALSE(has("validated2"));
  EXPECT_NE(server().log_in("validated1", "p"), nullptr);
  server().as_owner("SET GLOBAL strict_password_validation = OFF");
  for (const auto& done : attempts()) EXPECT_TRUE(done.ok()) << describe(done.error());
  EXPECT_NE(server().log_in("validated1", "q"), nullptr);
  EXPECT_NE(server().log_in("validated2", "p"), nullptr);
}

/// One number for many options.
TEST_F(MariadbTarget, TellsReadOnlyFromOtherOptions) {
  server().as_owner("SET GLOBAL read_only = ON");
  const auto made = create(server().creation(), "read_only1");
  server().as_owner("SET GLOBAL read_only = OFF");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::unavailable);
  EXPECT_NE(made.error().text.find("read-only"), std::string::npos) << made.error().text;
  const Error other = connectors::mariadb_error(1290, "x", "the --skip-grant-tables option");
  EXPECT_EQ(other.code, ErrorCode::precondition);
  EXPECT_EQ(other.text.find("skip"), std::string::npos) << "nothing of what the server said";
}

/// An ALTER USER for a password takes every other way in away.
TEST_F(MariadbTarget, TakesNoUserOverWhoLogsInOtherwise) {
  server().as_owner("INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'");
  server().as_owner("CREATE USER by_ed1@localhost IDENTIFIED VIA ed25519 USING PASSWORD('p')");
  server().as_owner(
      "CREATE USER by_two1@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('p') OR "
      "unix_socket");
  server().as_owner("CREATE USER by_host1@localhost IDENTIFIED BY 'p'");
  server().as_owner("CREATE USER by_host1@'%' IDENTIFIED VIA unix_socket");
  for (const char* name : {"by_ed1", "by_two1", "by_host1"}) {
    for (const auto& refused :
         {target().check_take_over({}, name), target().set_password({}, name, secret("q"))}) {
      ASSERT_FALSE(refused.ok()) << name;
      EXPECT_EQ(refused.error().code, ErrorCode::precondition) << describe(refused.error());
      EXPECT_NE(refused.error().text.find("plugin"), std::string::npos) << refused.error().text;
    }
    EXPECT_NE(server().log_in(name, "p"), nullptr) << name;
  }
  const std::vector<std::string> own{
      "ALTER USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'"};
  must(target().check_take_over(own, "by_ed1"));
  must(target().set_password(own, "by_ed1", secret("q")));
  EXPECT_NE(server().log_in("by_ed1", "q"), nullptr);
  must(target().check_take_over({}, "by_ed1"));
  server().as_owner("CREATE USER without1@localhost");
  must(target().check_take_over({}, "without1"));
}

/// mysql.user has one way in of several. Whoever may read no more than that is told what it says.
TEST_F(MariadbTarget, LooksForOtherWaysInAsFarAsItMay) {
  server().as_owner("CREATE USER half@localhost IDENTIFIED BY 'p'");
  server().as_owner("GRANT CREATE USER ON *.* TO half@localhost");
  server().as_owner("GRANT SELECT ON mysql.user TO half@localhost");
  server().as_owner("CREATE USER by_socket2@localhost IDENTIFIED VIA unix_socket");
  server().as_owner("CREATE USER by_password2@localhost IDENTIFIED BY 'p'");
  auto config = server().config();
  config.username = "half";
  config.password = secret("p");
  const auto made = connectors::make_target(std::move(config));
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE((*made)->set_password({}, "by_socket2", secret("q")).ok());
  must((*made)->set_password({}, "by_password2", secret("q")));
  EXPECT_NE(server().log_in("by_password2", "q"), nullptr);
}

}  // namespace
}  // namespace coffer::contract
