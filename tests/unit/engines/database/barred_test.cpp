// A user that isn't let in, whatever its password is: expired, locked, or barred from where the
// vault stands. What was set is in force all the same, and nobody else knows it.
#include "world.h"

namespace coffer::engines::database {
namespace {

constexpr const char* kOwn = R"({"db_name":"pg","username":"owner","rotation_period":3600})";
constexpr const char* kByStatements =
    R"({"db_name":"pg","username":"owner","rotation_period":3600,"rotation_statements":"S"})";

class Barred : public testing::Test {
 protected:
  ErrorCode code_of(const std::string& path, const std::string& body = "{}") {
    const auto answer = world.try_call(Operation::update, path, body);
    return answer.ok() ? ErrorCode::internal : answer.error().code;
  }
  /// The password that is told is in force once the user may log in again.
  void expect_told_in_the_end() {
    world.database.barred.clear();
    world.call(Operation::update, "rotate-role/own", "{}");
    EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
  }
  std::string in_force() { return world.database.users["owner"]; }

  World world;
};

TEST_F(Barred, APasswordThatWasSetIsKept) {
  world.call(Operation::update, "static-roles/own", kOwn);
  world.database.barred = {"owner"};
  EXPECT_EQ(code_of("rotate-role/own"), ErrorCode::unavailable);
  const std::string set = in_force();
  EXPECT_NE(set, world.static_password());
  expect_told_in_the_end();
  EXPECT_EQ(world.static_password(), set) << "the same one was tried again";
}

/// Whoever had the password until now has it no more; so the vault must.
TEST_F(Barred, AUserThatIsTakenOverIsNotLost) {
  world.database.barred = {"owner"};
  EXPECT_EQ(code_of("static-roles/own", kOwn), ErrorCode::unavailable);
  EXPECT_NE(in_force(), "of old");
  world.call(Operation::read, "static-roles/own", "{}");
  expect_told_in_the_end();
}

TEST_F(Barred, NorByStatementsThatRan) {
  world.database.barred = {"owner"};
  EXPECT_EQ(code_of("static-roles/own", kByStatements), ErrorCode::unavailable);
  expect_told_in_the_end();
  world.database.barred = {"owner"};
  EXPECT_EQ(code_of("rotate-role/own"), ErrorCode::unavailable);
  expect_told_in_the_end();
}

/// The old one's login says so.
TEST_F(Barred, StatementsThatChangeNothingAreRefused) {
  world.call(Operation::update, "static-roles/own", kByStatements);
  const std::string before = world.static_password();
  world.database.idle_statements = true;
  EXPECT_EQ(code_of("rotate-role/own"), ErrorCode::invalid_argument);
  EXPECT_EQ(world.static_password(), before);
  world.database.idle_statements = false;
  world.call(Operation::update, "rotate-role/own", "{}");
  EXPECT_NE(world.static_password(), before);
  EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
}

TEST_F(Barred, AnAdministratorsStatementsThatChangeNothingAreRefused) {
  world.call(Operation::update, "config/pg", R"({"root_rotation_statements":"S"})");
  world.database.idle_statements = true;
  EXPECT_EQ(code_of("rotate-root/pg"), ErrorCode::invalid_argument);
  EXPECT_TRUE(world.gives_creds());
}

}  // namespace
}  // namespace coffer::engines::database
