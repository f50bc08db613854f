// What may be written anew while users are about, and what may not.
#include "src/engines/database/rows.h"
#include "world.h"

namespace coffer::engines::database {
namespace {

constexpr const char* kStatic = R"({"db_name":"pg","username":"owner","rotation_period":86400})";

class Changes : public testing::Test {
 protected:
  /// Refused with the field's name.
  void expect_refused(const std::string& path, const std::string& body, std::string_view field) {
    const auto refused = world.try_call(Operation::update, path, body);
    ASSERT_FALSE(refused.ok()) << body;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().text.find("\"" + std::string(field) + "\""), std::string::npos)
        << refused.error().text;
  }
  void write(const std::string& path, const std::string& body) {
    world.call(Operation::update, path, body);
  }
  /// Nobody knows whether a new password of the static role is in force. It is.
  void leave_in_doubt() {
    write("static-roles/own", kStatic);
    world.advance(std::chrono::hours(24));
    world.database.steps = {.count = 0, .at = 2, .plug = Plug::fail_after};
    world.sweep();
    world.database.steps.at = 0;
    ASSERT_FALSE(world.database.logs_in("owner", world.static_password()));
  }
  void end_all() {
    auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/", world.now));
    (void)world.commit(*tx);
    world.run_ends();
  }
  /// Where connections lead, retired ones too, by their uuids.
  std::map<std::string, std::string> urls() {
    std::map<std::string, std::string> urls;
    for (const auto& row : must(world.begin()->list({world.mount.uuid, 2}, ""))) {
      urls[row.name] = must(decode_connection(row.value)).url;
    }
    return urls;
  }
  /// Where the end of the only lease goes.
  std::string url_of_lease() {
    std::string url;
    must(lifecycle::Leases::visit(
        *world.begin(), [&](const lifecycle::Lease& lease) -> Result<bool> {
          COFFER_TRY(const Payload payload, decode_payload(lease.terms.payload));
          url = urls()[to_string(payload.connection)];
          return true;
        }));
    return url;
  }

  World world;
};

/// Ends of its leases would find no such user at the other one, which counts as done.
TEST_F(Changes, AConfigurationStaysOneOfItsKind) {
  const char* redis = R"({"plugin_name":"redis-database-plugin"})";
  expect_refused("config/pg", redis, "plugin_name");
  ASSERT_TRUE(world.gives_creds());
  expect_refused("config/pg", redis, "plugin_name");
  write("config/pg", R"({"plugin_name":"postgresql-database-plugin"})");
}

TEST_F(Changes, AnotherServerIsRefusedWhileUsersAreAtThisOne) {
  const char* other = R"({"connection_url":"y"})";
  ASSERT_TRUE(world.gives_creds());
  expect_refused("config/pg", other, "connection_url");
  end_all();
  write("static-roles/own", kStatic);
  expect_refused("config/pg", other, "connection_url");
  world.call(Operation::remove, "static-roles/own");
  write("config/pg", other);
  EXPECT_TRUE(world.gives_creds());
}

TEST_F(Changes, AnotherServerIsRefusedWhileAnEndIsPending) {
  ASSERT_TRUE(world.gives_creds());
  auto tx = world.begin();
  must(world.leases->end_prefix(*tx, "database/", world.now));
  (void)world.commit(*tx);
  expect_refused("config/pg", R"({"connection_url":"y"})", "connection_url");
}

TEST_F(Changes, AServerThatMovedTakesItsUsersAlong) {
  ASSERT_TRUE(world.gives_creds());
  write("config/pg", R"({"connection_url":"y","server_moved":true})");
  EXPECT_EQ(url_of_lease(), "y");
  end_all();
  EXPECT_EQ(world.leased_users(), 0U);
}

TEST_F(Changes, AServerMayBeSpelledOtherwise) {
  write("config/two", R"({"plugin_name":"postgresql-database-plugin","username":"admin",
      "connection_url":"postgresql://db.example/app","password":"first","allowed_roles":"*"})");
  write("roles/app", R"({"db_name":"two"})");
  ASSERT_TRUE(world.gives_creds());
  write("config/two", R"({"connection_url":"host=DB.example port=5432 dbname=other"})");
  expect_refused("config/two", R"({"connection_url":"host=db.example port=5433"})",
                 "connection_url");
}

/// What is issued in the moment of the change ends where it was made.
TEST_F(Changes, ALeaseThatIsBeingIssuedEndsWhereItWasMade) {
  world.database.when_asked = [&](const std::string&) {
    write("config/pg", R"({"connection_url":"y"})");
  };
  ASSERT_TRUE(world.gives_creds());
  EXPECT_EQ(url_of_lease(), "x");
  end_all();
  EXPECT_EQ(world.leased_users(), 0U);
  EXPECT_TRUE(world.gives_creds()) << "the password came along";
  EXPECT_EQ(url_of_lease(), "y");
}

/// Its password would be told for a user of another server.
TEST_F(Changes, AStaticRoleStaysAtItsDatabase) {
  write("config/two", R"({"plugin_name":"postgresql-database-plugin","connection_url":"y",
      "username":"admin","password":"first","allowed_roles":"*"})");
  write("static-roles/own", kStatic);
  expect_refused("static-roles/own", R"({"db_name":"two"})", "db_name");
  write("static-roles/own", R"({"db_name":"pg","rotation_period":7200})");
}

/// Its password is somebody's, and it ends with the lease.
TEST_F(Changes, AStaticRoleTakesOverNoLeasesUser) {
  const auto answer = world.call(Operation::read, "creds/app");
  const std::string user = *must(must(model::Fields::parse(answer.data)).string("username"));
  const std::string password = world.database.users[user];
  const std::string fields = R"({"db_name":"pg","rotation_period":3600,"username":")";
  expect_refused("static-roles/own", fields + user + "\"}", "username");
  expect_refused("static-roles/own", fields + R"(owner","alternate_username":")" + user + "\"}",
                 "alternate_username");
  EXPECT_TRUE(world.database.logs_in(user, password));
  EXPECT_TRUE(world.database.logs_in("owner", "of old"));
}

/// The new password may be in force already: until it is known the old one is told.
TEST_F(Changes, AWriteDoesNotPutOffARetry) {
  ASSERT_NO_FATAL_FAILURE(leave_in_doubt());
  write("static-roles/own", R"({"rotation_period":"48h"})");
  world.advance(std::chrono::minutes(5));
  world.sweep();
  EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
  write("static-roles/own", R"({"rotation_period":"1h"})");
  const std::string told = world.static_password();
  world.advance(std::chrono::hours(2));
  world.sweep();
  EXPECT_NE(world.static_password(), told) << "a new period counts from the last rotation";
}

/// Whoever deletes it would delete the one password that lets the user in.
TEST_F(Changes, AStaticRoleStaysWhileNobodyKnowsItsPassword) {
  for (const bool force : {false, true}) {
    ASSERT_NO_FATAL_FAILURE(leave_in_doubt());
    for (const char* body : {"", R"({"force":false})"}) {
      const auto refused = world.try_call(Operation::remove, "static-roles/own", body);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().code, ErrorCode::precondition);
      EXPECT_NE(refused.error().text.find("force=true"), std::string::npos);
    }
    if (!force) {
      world.call(Operation::update, "rotate-role/own");
      EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
    }
    world.call(Operation::remove, "static-roles/own", force ? R"({"force":true})" : "");
    EXPECT_FALSE(world.try_call(Operation::read, "static-roles/own").ok());
  }
}

/// However many roles there are to clear.
TEST_F(Changes, AMountsLeasesEndBeforeAllElseOfItGoes) {
  ASSERT_TRUE(world.gives_creds());
  for (int role = 0; role < 100; ++role) {
    write("roles/r" + std::to_string(role),
          R"({"db_name":"pg","creation_statements":"C","verify_statements":false})");
  }
  auto tx = world.begin();
  EXPECT_FALSE(must(world.engine->clear(*tx, world.mount)));
  (void)world.commit(*tx);
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 0U);
}

/// Whoever provisions writes the configuration again as it was made. The candidate would go, and be
/// in force a moment later.
/// The original of a copy that was restored goes on with the passwords that there are.
TEST(AfterARestore, NoPasswordIsChangedUntilTheRelease) {
  World world;
  world.call(Operation::update, "static-roles/own", kStatic);
  const auto before = world.database.users;
  world.outside_paused = true;
  for (const auto& [path, body] :
       {std::pair("rotate-role/own", ""), std::pair("rotate-root/pg", ""),
        std::pair("static-roles/new",
                  R"({"db_name":"pg","username":"twin","rotation_period":60})")}) {
    const auto refused = world.try_call(Operation::update, path, body);
    ASSERT_FALSE(refused.ok()) << path;
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable) << path;
  }
  EXPECT_EQ(world.database.users, before);
  EXPECT_FALSE(world.try_call(Operation::read, "static-roles/new").ok());
  EXPECT_TRUE(
      world.try_call(Operation::update, "static-roles/own", R"({"rotation_period":60})").ok())
      << "nothing is changed outside by that";
  world.outside_paused = false;
  world.call(Operation::update, "rotate-role/own");
  world.call(Operation::update, "rotate-root/pg");
  EXPECT_NE(world.database.users.at("owner"), before.at("owner"));
}

/// A pool that is at work while another takes its place isn't one more beside it.
TEST_F(Changes, NewTargetsOfOneServerShareItsConnections) {
  auto& seats = world.database.seats;
  write("config/pg", R"({"connection_url":"host=db dbname=app","server_moved":true})");
  ASSERT_TRUE(world.gives_creds());
  const auto first = seats.back();
  ASSERT_NE(first, nullptr);
  const int retired = world.database.retired;
  for (const char* changing : {"reset/pg", "config/pg", "rotate-root/pg"}) {
    seats.clear();
    write(changing, "");
    ASSERT_TRUE(world.gives_creds()) << changing;
    ASSERT_FALSE(seats.empty()) << changing;
    for (const auto& each : seats) EXPECT_EQ(each, first) << changing;
  }
  EXPECT_EQ(world.database.retired, retired + 3);
  // One that hangs doesn't keep the configuration from another.
  write("config/pg", R"({"connection_url":"host=db2 dbname=app","server_moved":true})");
  ASSERT_TRUE(world.gives_creds());
  EXPECT_NE(seats.back(), first);
}

TEST(RootRotation, HasTheConfigurationForItself) {
  for (const char* written : {R"({"password":"first"})", R"({"allowed_roles":"*"})",
                              R"({"connection_url":"y","server_moved":true,"password":"first"})"}) {
    World world;
    int refused = 0;
    world.database.when_set = [&] {
      const auto answer = world.try_call(Operation::update, "config/pg", written);
      refused += !answer.ok() && answer.error().code == ErrorCode::unavailable ? 1 : 0;
    };
    world.call(Operation::update, "rotate-root/pg");
    EXPECT_EQ(refused, 1) << written;
    EXPECT_NE(world.database.users[kAdmin], "first");
    EXPECT_TRUE(world.gives_creds()) << written;
    world.restart();
    EXPECT_TRUE(world.gives_creds()) << written;
  }
}

/// Its connections live on for a while, so that nobody would see it before the next start.
TEST(RootRotation, ShutsOutNoOtherConfiguration) {
  World world;
  world.call(Operation::update, "config/pg",
             R"({"connection_url":"host=db dbname=app","server_moved":true})");
  world.call(
      Operation::update, "config/two",
      R"({"plugin_name":"postgresql-database-plugin","connection_url":"host=db dbname=other","username":"admin",
                 "password":"first","allowed_roles":"*"})");
  const auto refused = world.try_call(Operation::update, "rotate-root/pg");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().text.find("two"), std::string::npos);
  EXPECT_EQ(world.database.users[kAdmin], "first");
  world.database.users["other"] = "second";
  world.call(Operation::update, "config/two", R"({"username":"other","password":"second"})");
  world.call(Operation::update, "rotate-root/pg");
  EXPECT_TRUE(world.gives_creds());
}

/// The next attempt would take the candidate of one that is about to be put down for its own.
TEST(StaticRotation, EndsBeforeTheNextBegins) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  int commits = 0;
  int refused = 0;
  world.when_committed = [&] {
    if (++commits != 2) return;  // the first is the candidate's
    const auto second = world.try_call(Operation::update, "rotate-role/own");
    refused += !second.ok() && second.error().code == ErrorCode::unavailable ? 1 : 0;
  };
  world.call(Operation::update, "rotate-role/own");
  EXPECT_EQ(refused, 1);
  world.when_committed = {};
  const auto role =
      must(model::Fields::parse(world.call(Operation::read, "static-roles/own").data));
  EXPECT_EQ(must(role.integer("failures")), 0);
  EXPECT_EQ(world.static_password(), world.database.users["owner"]);
  world.call(Operation::update, "rotate-role/own");
  EXPECT_EQ(world.static_password(), world.database.users["owner"]);
}

}  // namespace
}  // namespace coffer::engines::database
