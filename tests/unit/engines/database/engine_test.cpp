// What the paths do, over a database in memory.
#include "world.h"

namespace coffer::engines::database {
namespace {

std::string body(const std::string& fields) {
  return R"({"plugin_name":"postgresql-database-plugin","connection_url":"x","username":"admin")" +
         fields + "}";
}

ErrorCode code_of(const Result<model::Response>& result) {
  return result.ok() ? ErrorCode::internal : result.error().code;
}

TEST(DatabaseEngine, NeverTellsTheAdministratorsPassword) {
  World world;
  EXPECT_EQ(world.call(Operation::read, "config/pg").data.find("first"), std::string::npos);
}

TEST(DatabaseEngine, StoresNoConfigurationThatDoesNotLogIn) {
  World world;
  const auto refused =
      world.try_call(Operation::update, "config/two", body(R"(,"password":"wrong")"));
  EXPECT_EQ(code_of(refused), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(world.try_call(Operation::read, "config/two")), ErrorCode::not_found);
  world.call(Operation::update, "config/two",
             body(R"(,"password":"wrong","verify_connection":false)"));
  EXPECT_TRUE(world.try_call(Operation::read, "config/two").ok());
}

/// In silence, whoever sent one would think that it holds.
TEST(DatabaseEngine, RefusesWhatItDoesNotKnowOfTls) {
  World world;
  for (const std::string field : {"tls_server_name", "tls_skip_verify", "insecure_tls", "ca_cert",
                                  "tls_certificate_key", "tls_certificate", "private_key"}) {
    const bool flag = field == "tls_skip_verify" || field == "insecure_tls";
    const auto with = [&](const std::string& value) {
      return world.try_call(Operation::update, "config/pg", "{\"" + field + "\":" + value + "}");
    };
    const auto refused = with(flag ? "true" : "\"x\"");
    EXPECT_EQ(code_of(refused), ErrorCode::invalid_argument) << field;
    EXPECT_NE(refused.error().text.find(field), std::string::npos) << refused.error().text;
    EXPECT_TRUE(with(flag ? "false" : "\"\"").ok()) << field << ": as without it";
  }
}

TEST(DatabaseEngine, IsHelpedOutByAPasswordThatIsWritten) {
  World world;
  world.database.users[kAdmin] = "changed by hand";
  EXPECT_EQ(code_of(world.try_call(Operation::read, "creds/app")), ErrorCode::unavailable);
  world.call(Operation::update, "config/pg", R"({"password":"changed by hand"})");
  EXPECT_TRUE(world.gives_creds());
}

/// A request that began before, with the password of before in its view of the store.
TEST(DatabaseEngine, ServesCredsWhileTheAdministratorsPasswordIsRotated) {
  World world;
  world.restart();
  world.database.when_asked = [&](const std::string&) {
    world.call(Operation::update, "rotate-root/pg");
  };
  EXPECT_TRUE(world.gives_creds());
  EXPECT_NE(world.database.users[kAdmin], "first");
}

/// Whether the server is there is asked of the server: what keeps one end from its user keeps it
/// from no other's.
TEST(DatabaseEngine, AnEndThatWaitsForALockIsItsOwnFailure) {
  World world;
  ASSERT_TRUE(world.gives_creds());
  for (const auto& [name, password] : world.database.users) {
    if (name.starts_with("v-")) world.database.locked.insert(name);
  }
  ASSERT_TRUE(world.gives_creds());
  ASSERT_EQ(world.leased_users(), 2U);
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/", world.now));
    ASSERT_TRUE(world.commit(*tx));
  }
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 1U);
  const auto told = [&] { return must(world.leases->ends().targets(*world.begin())); };
  ASSERT_EQ(told().size(), 1U);
  EXPECT_TRUE(world.leases->ends().reachable(told().front().name));
  EXPECT_EQ(told().front().last_error, "a lock wasn't free in time");

  world.database.users[kAdmin] = "changed by hand";  // no login goes any more
  world.advance(std::chrono::minutes(1));
  world.run_ends();
  EXPECT_FALSE(world.leases->ends().reachable(told().front().name));
}

TEST(DatabaseEngine, KeepsTheSecretsThatItsRowsName) {
  World world;
  world.call(Operation::update, "rotate-root/pg");
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  auto tx = world.begin();
  std::size_t secrets = 0;
  for (const std::uint16_t table : {std::uint16_t{2}, std::uint16_t{5}}) {
    for (const auto& row : must(tx->list({world.mount.uuid, table}, ""))) {
      for (const auto& secret :
           must(world.engine->secrets_in({{world.mount.uuid, table}, {}, row.name}, row.value))) {
        EXPECT_FALSE(must(tx->open_secret(secret.row, secret.context)).empty());
        ++secrets;
      }
    }
  }
  EXPECT_EQ(secrets, 2U);
}

TEST(DatabaseEngine, RefusesWrongFieldsByName) {
  World world;
  const std::pair<const char*, const char*> cases[] = {
      {R"({"db_name":"none"})", "db_name"},
      {R"({"db_name":""})", "db_name"},
      {R"({"default_ttl":"-1h"})", "default_ttl"},
      {R"({"default_ttl":"3h","max_ttl":"2h"})", "default_ttl"},
      {R"({"credential_type":"rsa_private_key"})", "credential_type"},
      {R"({"creation_statements":{}})", "creation_statements"}};
  for (const auto& [fields, name] : cases) {
    const auto refused = world.try_call(Operation::update, "roles/app", fields);
    ASSERT_FALSE(refused.ok()) << fields;
    EXPECT_NE(refused.error().text.find(name), std::string::npos) << refused.error().text;
  }
}

/// "skip_import_rotation" in silence changed a password that somebody was using.
TEST(DatabaseEngine, RefusesVaultsFieldsThatItDoesNotHave) {
  World world;
  const struct {
    const char* path;
    const char* must;
    std::vector<std::pair<const char*, const char*>> fields;
  } cases[] = {{"static-roles/new",
                R"("db_name":"pg","username":"owner","rotation_period":3600)",
                {{"skip_import_rotation", "true"},
                 {"rotation_window", "3600"},
                 {"rotation_schedule", R"("0 0 * * *")"},
                 {"credential_config", R"({"common_name_template":"mine"})"},
                 {"password", R"("mine")"},
                 {"self_managed_password", R"("mine")"},
                 {"credential_type", R"("client_certificate")"}}},
               {"roles/new",
                R"("db_name":"pg","creation_statements":"C")",
                {{"credential_config", R"({"key_bits":"2048"})"},
                 {"credential_config", R"("mine")"},
                 {"credential_config", R"({"password_policy":"none"})"}}},
               {"config/pg",
                R"("allowed_roles":"*")",
                {{"skip_static_role_import_rotation", "true"},
                 {"rotation_schedule", R"("0 0 * * *")"},
                 {"disable_escaping", "true"}}}};
  for (const auto& [path, must_have, fields] : cases) {
    const std::string begin = std::string("{") + must_have + ",\"";
    for (const auto& [field, value] : fields) {
      const auto refused =
          world.try_call(Operation::update, path, begin + field + "\":" + value + "}");
      ASSERT_EQ(code_of(refused), ErrorCode::invalid_argument) << field;
      EXPECT_NE(refused.error().text.find(field), std::string::npos) << refused.error().text;
      EXPECT_EQ(refused.error().text.find("mine"), std::string::npos);
    }
  }
  EXPECT_EQ(world.database.users["owner"], "of old");
  for (const char* nothing : {"false", "0", "\"\"", "{}", "null"}) {
    EXPECT_TRUE(world
                    .try_call(Operation::update, "roles/new",
                              R"({"db_name":"pg","creation_statements":"C","credential_config":)" +
                                  std::string(nothing) + "}")
                    .ok())
        << nothing << ": as without it";
  }
}

TEST(DatabaseEngine, ARolesOwnPolicyGoesBeforeTheConfigurations) {
  World world;
  const auto made = [&world] {
    const auto data = must(model::Fields::parse(world.call(Operation::read, "creds/app").data));
    return *must(data.string("password"));
  };
  const auto role = [&world](const std::string& config) {
    world.call(Operation::update, "roles/app", R"({"credential_config":)" + config + "}");
  };
  world.call(Operation::update, "config/pg", R"({"password_policy":"house-"})");
  EXPECT_TRUE(made().starts_with("madehouse-"));
  role(R"({"password_policy":"own-"})");
  EXPECT_TRUE(made().starts_with("madeown-"));
  const std::string told = world.call(Operation::read, "roles/app").data;
  EXPECT_NE(told.find(R"("credential_config":{"password_policy":"own-"})"), std::string::npos);
  world.call(Operation::update, "roles/app", R"({"default_ttl":60})");
  EXPECT_TRUE(made().starts_with("madeown-")) << "what isn't given stays";
  role(R"("password_policy=line-")");
  EXPECT_TRUE(made().starts_with("madeline-")) << "as Vault's command line sends it";
  role("{}");
  EXPECT_TRUE(made().starts_with("madehouse-"));
  EXPECT_EQ(world.call(Operation::read, "roles/app").data.find("credential_config"),
            std::string::npos);
}

TEST(DatabaseEngine, AStaticRolesOwnPolicyGoesBeforeTheConfigurations) {
  World world;
  world.call(Operation::update, "config/pg", R"({"password_policy":"house-"})");
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600,
                 "credential_config":{"password_policy":"own-"}})");
  EXPECT_TRUE(world.static_password().starts_with("madeown-"));
  const std::string told = world.call(Operation::read, "static-roles/own").data;
  EXPECT_NE(told.find(R"("credential_config":{"password_policy":"own-"})"), std::string::npos);
  world.call(Operation::update, "static-roles/own", R"({"credential_config":{}})");
  world.call(Operation::update, "rotate-role/own");
  EXPECT_TRUE(world.static_password().starts_with("madehouse-"));
}

TEST(DatabaseEngine, SaysWhatBecameOfTheUserOfATrial) {
  const struct {
    int step;
    const char* says;
    const char* field;
  } cases[] = {{3, "no user could be made", "creation_statements"},
               {4, "couldn't be renewed", "renew_statements"},
               {5, "couldn't be dropped", "revocation_statements"}};
  for (const auto& [step, says, field] : cases) {
    World world;
    world.database.steps = {.count = 0, .at = step, .plug = Plug::refuse};
    const auto refused = world.try_call(Operation::update, "roles/two",
                                        R"({"db_name":"pg","creation_statements":"C"})");
    ASSERT_EQ(code_of(refused), ErrorCode::invalid_argument) << step;
    EXPECT_NE(refused.error().text.find(says), std::string::npos) << refused.error().text;
    EXPECT_NE(refused.error().text.find(field), std::string::npos) << refused.error().text;
    world.database.steps.at = 0;
    world.run_ends();
    EXPECT_EQ(world.leased_users(), 0U);
  }
}

TEST(DatabaseEngine, HoldsRolesToWhatTheConfigurationAllows) {
  World world;
  world.call(Operation::update, "config/pg", R"({"allowed_roles":"ap*,other"})");
  EXPECT_TRUE(world.try_call(Operation::read, "creds/app").ok());
  world.call(Operation::update, "config/pg", R"({"allowed_roles":"other"})");
  EXPECT_EQ(code_of(world.try_call(Operation::read, "creds/app")), ErrorCode::invalid_argument);
  world.call(Operation::update, "config/pg", R"({"allowed_roles":[]})");
  EXPECT_EQ(code_of(world.try_call(Operation::read, "creds/app")), ErrorCode::invalid_argument);
}

/// Of the same name, from before or from the very moment: an end goes by the name alone.
class SomebodyElse : public testing::TestWithParam<bool> {
 protected:
  void appear() {
    auto& when = GetParam() ? world.database.when_made : world.database.when_asked;
    when = [this](const std::string& made) {
      name = made;
      world.database.users[made] = "theirs";
    };
  }
  void expect_untouched(const Result<model::Response>& refused) {
    EXPECT_EQ(code_of(refused), ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().text.find("a user of that name"), std::string::npos)
        << refused.error().text;
    for (int round = 0; round < 3; ++round) {
      world.run_ends();
      world.advance(std::chrono::minutes(11));
      world.sweep();
    }
    world.restart();
    world.run_ends();
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(world.database.logs_in(name, "theirs"));
    EXPECT_EQ(world.leases->counts().total(), 0U) << "nothing is left of the intent";
  }
  World world;
  std::string name;
};

TEST_P(SomebodyElse, IsLeftAsHeIsByCreds) {
  appear();
  expect_untouched(world.try_call(Operation::read, "creds/app"));
}

TEST_P(SomebodyElse, IsLeftAsHeIsByTheTrialOfARole) {
  appear();
  expect_untouched(world.try_call(
      Operation::update, "roles/two",
      R"({"db_name":"pg","creation_statements":"C","rollback_statements":"DROP {{name}}"})"));
}

INSTANTIATE_TEST_SUITE_P(DatabaseEngine, SomebodyElse, testing::Bool());

TEST(DatabaseEngine, RefusesNamesThatSomebodyMayHave) {
  World world;
  const auto with = [&](const std::string& text) {
    return world.try_call(Operation::update, "config/pg",
                          R"({"username_template":")" + text + "\"}");
  };
  for (const char* text : {"app_{{.RoleName}}", "{{.RoleName}}-{{unix_time}}", "{{random 7}}"}) {
    const auto refused = with(text);
    ASSERT_EQ(code_of(refused), ErrorCode::invalid_argument) << text;
    EXPECT_NE(refused.error().text.find("username_template"), std::string::npos);
    EXPECT_NE(refused.error().text.find("random"), std::string::npos) << "it says what to do";
  }
  EXPECT_TRUE(with("app_{{.RoleName}}_{{random 8 | lowercase}}").ok());
  EXPECT_TRUE(world.try_call(Operation::read, "creds/app").ok());
  // The caller is "token-x": five random characters are left of it.
  EXPECT_TRUE(with("{{printf \\\"%s%s\\\" .DisplayName (random 20) | truncate 12}}").ok());
  const auto cut = world.try_call(Operation::read, "creds/app");
  ASSERT_EQ(code_of(cut), ErrorCode::invalid_argument);
  EXPECT_NE(cut.error().text.find("truncate"), std::string::npos);
}

TEST(DatabaseEngine, LeavesNothingOfAnIssueThatWasNeverSent) {
  World world;
  const std::size_t before = world.leases->counts().total();
  world.database.busy = true;
  EXPECT_EQ(code_of(world.try_call(Operation::read, "creds/app")), ErrorCode::unavailable);
  world.run_ends();
  EXPECT_EQ(world.leases->counts().total(), before);
}

/// Each would be in the way of others for ten minutes.
TEST(DatabaseEngine, MakesNoIntentForAServerThatIsAway) {
  World world;
  const std::size_t before = world.leases->counts().total();
  world.database.steps = {.count = 0, .at = 1, .plug = Plug::fail_before};
  EXPECT_EQ(code_of(world.try_call(Operation::read, "creds/app")), ErrorCode::unavailable);
  EXPECT_EQ(world.database.steps.count, 1) << "nothing was committed";
  EXPECT_EQ(world.leases->counts().total(), before);
}

TEST(DatabaseEngine, RotatesWhatIsDueAndSetsTheNextTime) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  const std::string first = world.static_password();
  world.advance(std::chrono::minutes(59));
  world.sweep();
  EXPECT_EQ(world.static_password(), first);
  world.advance(std::chrono::minutes(3));
  world.sweep();
  EXPECT_NE(world.static_password(), first);
  EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
}

TEST(DatabaseEngine, KeepsAConnectionAsLongAsItsLeasesMayLast) {
  World world;
  ASSERT_TRUE(world.gives_creds());
  world.call(Operation::remove, "config/pg");
  world.call(Operation::remove, "roles/app");
  EXPECT_EQ(code_of(world.try_call(Operation::read, "config/pg")), ErrorCode::not_found);
  const auto connections = [&] {
    return must(world.begin()->list({world.mount.uuid, 2}, "")).size();
  };
  EXPECT_EQ(connections(), 1U);
  world.call(Operation::update, "config/pg", body(R"(,"password":"first")"));
  EXPECT_EQ(connections(), 2U) << "another connection by the same name";
  world.advance(std::chrono::hours(24 * 40));
  // Lease and connection come due at once, in whatever order.
  world.sweep();
  EXPECT_EQ(connections(), 2U);
  world.advance(std::chrono::hours(2));
  world.sweep();
  EXPECT_EQ(connections(), 2U) << "an end is pending";
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 0U);
  for (int look = 0; look < 3; ++look) {
    world.advance(std::chrono::hours(2));
    world.sweep();
  }
  EXPECT_EQ(connections(), 1U);
}

TEST(DatabaseEngine, ClearsAMountOnceItsLeasesAreOver) {
  World world;
  ASSERT_TRUE(world.gives_creds());
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  const auto clear = [&] {
    for (int step = 0; step < 20; ++step) {
      auto tx = world.begin();
      const auto done = world.engine->clear(*tx, world.mount);
      if (!done.ok()) return false;
      (void)world.commit(*tx);
      if (*done) return true;
    }
    return false;
  };
  EXPECT_FALSE(clear());
  EXPECT_EQ(must(world.begin()->list({world.mount.uuid, 2}, "")).size(), 1U);
  auto tx = world.begin();
  must(world.leases->end_prefix(*tx, "database/", world.now));
  (void)world.commit(*tx);
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 0U);
  EXPECT_TRUE(clear());
  for (std::uint16_t table = 1; table <= 5; ++table) {
    if (table == 3) continue;
    EXPECT_TRUE(must(world.begin()->list({world.mount.uuid, table}, "")).empty()) << table;
  }
}

// Nobody can give a deleted configuration a password any more; one for the same server and user has
// it.
TEST(DatabaseEngine, ADeletedConfigurationsLeasesEndByTheOneThatTookItsPlace) {
  World world;
  ASSERT_TRUE(world.gives_creds());
  world.call(Operation::remove, "config/pg");
  world.database.users[kAdmin] = "second";
  world.restart();
  auto tx = world.begin();
  must(world.leases->end_prefix(*tx, "database/", world.now));
  (void)world.commit(*tx);
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 1U) << "nobody lets it in";
  const auto write = [&](const std::string& name, const std::string& url) {
    world.call(Operation::update, "config/" + name,
               R"({"plugin_name":"postgresql-database-plugin","connection_url":")" + url +
                   R"(","username":"admin","password":"second","allowed_roles":"*"})");
  };
  write("elsewhere", "y");
  world.advance(std::chrono::minutes(10));
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 1U) << "another server's is none of its business";
  write("again", "x");
  world.advance(std::chrono::minutes(10));
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 0U);
}

TEST(DatabaseEngine, ADeletedConfigurationStaysWhileALeaseLivesHoweverLong) {
  World world;
  world.mount.config.max_lease_ttl = std::chrono::hours(9000);
  world.call(
      Operation::update, "roles/app",
      R"({"db_name":"pg","creation_statements":"C","default_ttl":"5000h","max_ttl":"5000h"})");
  world.run_ends();
  ASSERT_TRUE(world.gives_creds());
  world.mount.config.max_lease_ttl = std::chrono::hours(1);
  world.call(Operation::remove, "config/pg");
  for (int look = 0; look < 4; ++look) {
    world.advance(std::chrono::hours(800));
    world.sweep();
  }
  EXPECT_EQ(world.leased_users(), 1U);
  EXPECT_EQ(must(world.begin()->list({world.mount.uuid, 2}, "")).size(), 1U);
  world.advance(std::chrono::hours(5000));
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.leased_users(), 0U);
}

// Its leases bear the path it was at when they were issued; the admin's password stays for their
// end.
TEST(DatabaseEngine, AMountThatWasMovedIsClearedOnceItsLeasesAreEnded) {
  World world;
  for (int user = 0; user < 3; ++user) ASSERT_TRUE(world.gives_creds());
  world.mount.path = "elsewhere/";
  const auto step = [&] {
    auto tx = world.begin();
    const auto done = world.engine->clear(*tx, world.mount);
    (void)world.commit(*tx);
    return done;
  };
  while (world.leased_users() > 0) {
    const auto done = step();
    ASSERT_TRUE(!done.ok() || !*done) << "nothing could end them any more";
    world.run_ends();
  }
  for (int more = 0; more < 20; ++more) {
    if (*step()) break;
  }
  EXPECT_TRUE(must(world.begin()->list({world.mount.uuid, 2}, "")).empty());
  EXPECT_TRUE(must(world.leases->list(*world.begin(), "", world.now)).empty());
}

}  // namespace
}  // namespace coffer::engines::database
