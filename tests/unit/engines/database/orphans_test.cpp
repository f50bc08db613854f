// Users that no lease knows: found, told why, and ended by name.
#include "coffer/model/json_tree.h"
#include "src/engines/database/made_name.h"
#include "src/engines/database/username.h"
#include "world.h"

namespace coffer::engines::database {
namespace {

struct Told {
  std::string username;
  std::string reason;
  bool this_vault = false;

  bool operator==(const Told&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Told& one) {
  return out << one.username << " " << one.reason << " " << one.this_vault;
}

/// A world that has come out of a backup once, so that there is an earlier epoch.
struct House : World {
  House() { leases->set_epoch(1); }

  std::string name_of(std::uint64_t epoch, const Uuid& by, std::chrono::seconds age = {}) {
    const NameFacts facts{.display_name = "token", .role_name = "app", .now = now - age};
    return default_username(facts, epoch, must(new_lease_name(by)));
  }
  /// Made by a later life of the vault.
  std::string stray(std::uint64_t epoch = 1, std::chrono::seconds age = {}) {
    const std::string name = name_of(epoch, vault, age);
    database.users[name] = "p";
    return name;
  }
  std::string creds() {
    const auto answer = call(Operation::read, "creds/app");
    return *must(must(model::Fields::parse(answer.data)).string("username"));
  }
  std::vector<Told> listed() {
    const auto answer = call(Operation::read, "orphans/pg");
    const auto json = must(model::Json::parse(answer.data));
    std::vector<Told> all;
    for (const model::Json& one : json.find("users")->elements()) {
      all.push_back({one.find("username")->text(), one.find("reason")->text(),
                     one.find("this_vault")->text() == "true"});
    }
    EXPECT_EQ(json.find("total")->text(), std::to_string(all.size()));
    return all;
  }
  Result<model::Response> try_revoke(const std::vector<std::string>& names,
                                     const std::string& more = {}) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "\"" : ",\"") + name + "\"";
    return try_call(Operation::update, "orphans/pg/revoke",
                    R"({"usernames":[)" + list + "]" + more + "}");
  }
  std::string revoke(const std::vector<std::string>& names, const std::string& more = {}) {
    const auto answer = try_revoke(names, more);
    return answer.ok() ? answer->data : answer.error().text;
  }
  std::string refusal(const std::vector<std::string>& names, const std::string& more = {}) {
    const auto answer = try_revoke(names, more);
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? "" : answer.error().text;
  }
  void away(bool is) { database.steps = {.count = 0, .at = is ? 1 : 0, .plug = Plug::fail_before}; }
};

TEST(Orphans, AreThoseThatNoLeaseKnows) {
  House house;
  const std::string live = house.creds();
  EXPECT_EQ(house.listed(), std::vector<Told>{});
  const std::string same = house.stray(1, std::chrono::hours(1));
  const std::string later = house.stray(2, std::chrono::hours(2));
  const std::string earlier = house.stray(0, std::chrono::hours(3));
  EXPECT_EQ(house.listed(), (std::vector<Told>{{earlier, "earlier_epoch", true},
                                               {later, "later_epoch", true},
                                               {same, "no_lease", true}}));
  EXPECT_EQ(house.revoke({later, same}), R"({"revoking":2,"not_there":0})");
  EXPECT_EQ(house.listed(), (std::vector<Told>{{earlier, "earlier_epoch", true}}))
      << "what is ending is none any more";
  house.run_ends();
  EXPECT_FALSE(house.database.users.contains(later));
  EXPECT_FALSE(house.database.users.contains(same));
  EXPECT_TRUE(house.database.users.contains(earlier));
  EXPECT_TRUE(house.database.users.contains(live));
}

TEST(Orphans, NeedSudo) {
  House house;
  house.call(Operation::read, "orphans/pg");
  EXPECT_TRUE(house.last_rule->sudo);
  (void)house.revoke({house.stray()});
  EXPECT_TRUE(house.last_rule->sudo);
}

TEST(Orphans, AreNoUsersOfOtherNames) {
  House house;
  house.database.users["v-token-app-2f6a614c4aa30c7bb2a1-1700000000"] = "p";
  house.database.users["v-"] = "p";
  house.database.users["application"] = "p";
  EXPECT_EQ(house.listed(), std::vector<Told>{});
}

TEST(Orphans, AreNotFoundByNamesOfATemplateWhichIsTold) {
  House house;
  house.call(Operation::update, "config/pg", R"({"username_template":"x{{random 20}}"})");
  house.creds();
  const auto answer = house.call(Operation::read, "orphans/pg");
  ASSERT_EQ(answer.warnings.size(), 1U);
  EXPECT_NE(answer.warnings[0].find("username_template"), std::string::npos);
}

TEST(Orphans, AreNoUsersWhoseLeaseIsExpiredOrEnding) {
  House house;
  house.call(Operation::update, "roles/app", R"({"default_ttl":"1h","max_ttl":"1h"})");
  house.run_ends();
  house.creds();
  house.advance(std::chrono::hours(2));
  EXPECT_EQ(house.listed(), std::vector<Told>{}) << "expired";
  house.sweep();
  EXPECT_EQ(house.listed(), std::vector<Told>{}) << "ending";
  house.run_ends();
  EXPECT_EQ(house.leased_users(), 0U);
}

/// Forgetting by force leaves the user behind. Here is where it shows.
TEST(Orphans, AreUsersWhoseLeaseWasForgotten) {
  House house;
  const std::string left = house.creds();
  auto tx = house.begin();
  must(house.leases->end_prefix(*tx, "database/creds/app/", house.now, true));
  ASSERT_TRUE(house.commit(*tx));
  auto end = must(house.leases->ends().take(*house.sealed));
  ASSERT_TRUE(end && end->forced);
  tx = house.begin();
  must(house.leases->ends().stage_done(*tx, *end));
  ASSERT_TRUE(house.commit(*tx));
  EXPECT_EQ(house.listed(), (std::vector<Told>{{left, "no_lease", true}}));
}

/// One that comes while the server's list is on its way isn't in the list; one whose intent is on
/// disk is known; and one who goes meanwhile is in the first list, but not in the second.
TEST(Orphans, AreNoUsersWhoComeOrGoMeanwhile) {
  House house;
  const std::string goes = house.creds();
  std::string comes;
  house.database.when_listed = [&] {
    auto tx = house.begin();
    must(house.leases->end_prefix(*tx, "database/creds/app/", house.now));
    ASSERT_TRUE(house.commit(*tx));
    house.run_ends();
    comes = house.creds();
  };
  EXPECT_EQ(house.listed(), std::vector<Told>{});
  EXPECT_FALSE(house.database.users.contains(goes));
  EXPECT_TRUE(house.database.users.contains(comes));
}

/// However an issue breaks off: until its end is through, its user is known.
TEST(Orphans, AreNoUsersOfAnIssueThatBrokeOff) {
  for (int at = 1; at < 6; ++at) {
    House house;
    house.database.steps = {.count = 0, .at = at, .plug = Plug::die_after};
    try {
      (void)house.try_call(Operation::read, "creds/app");
    } catch (const Died&) {
      house.database.steps.at = 0;
      house.restart();
    }
    house.database.steps.at = 0;
    EXPECT_EQ(house.listed(), std::vector<Told>{}) << "step " << at;
  }
}

TEST(Orphans, OfAnotherVaultAreTakenOnlyIfThatIsSaid) {
  House house;
  const std::string other = house.name_of(7, Uuid{{10}});
  house.database.users[other] = "p";
  EXPECT_EQ(house.listed(), (std::vector<Told>{{other, "later_epoch", false}}));
  EXPECT_NE(house.refusal({other}).find("other_vaults"), std::string::npos);
  EXPECT_NE(house.refusal({other}, R"(,"other_vaults":false)").find("other_vaults"),
            std::string::npos);
  house.run_ends();
  ASSERT_TRUE(house.database.users.contains(other));
  EXPECT_EQ(house.revoke({other}, R"(,"other_vaults":true)"), R"({"revoking":1,"not_there":0})");
  house.run_ends();
  EXPECT_FALSE(house.database.users.contains(other));
}

/// One mistake in a list, and nothing of it is done.
TEST(Orphans, AreRevokedAllOrNone) {
  House house;
  const std::string stray = house.stray();
  const std::string live = house.creds();
  EXPECT_EQ(house.refusal({stray, live}),
            "field \"usernames\": entry 2 isn't an orphan: a lease, a static role or the "
            "configuration has it");
  EXPECT_NE(house.refusal({stray, live}, R"(,"other_vaults":true)").find("entry 2"),
            std::string::npos);
  for (const std::string name : {"owner", "admin", "v-", "", "x' OR ''='"}) {
    const std::string said = house.refusal({stray, name}, R"(,"other_vaults":true)");
    EXPECT_EQ(said, "field \"usernames\": entry 2 isn't a name that a vault makes") << name;
  }
  house.run_ends();
  EXPECT_TRUE(house.database.users.contains(stray));
  EXPECT_TRUE(house.database.users.contains(live));
}

/// Someone made it static by its name: it is meant to stay.
TEST(Orphans, AreNoUsersOfStaticRoles) {
  House house;
  const std::string kept = house.stray();
  const std::string twin = house.stray();
  house.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":")" + kept + R"(","alternate_username":")" + twin +
                 R"(","rotation_period":3600})");
  EXPECT_EQ(house.listed(), std::vector<Told>{});
  EXPECT_NE(house.refusal({kept}).find("isn't an orphan"), std::string::npos);
  EXPECT_NE(house.refusal({twin}).find("isn't an orphan"), std::string::npos);
}

TEST(Orphans, RefuseWhatIsNoListOfNames) {
  House house;
  for (const char* body : {"{}", R"({"usernames":[]})", R"({"usernames":""})",
                           R"({"usernames":{}})", R"({"usernames":7})"}) {
    const auto answer = house.try_call(Operation::update, "orphans/pg/revoke", body);
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument) << body;
    EXPECT_NE(answer.error().text.find("usernames"), std::string::npos) << answer.error().text;
  }
  const std::vector<std::string> many(1001, house.stray());
  EXPECT_NE(house.refusal(many).find("more than 1000"), std::string::npos);
  for (const char* path : {"orphans/none", "orphans/none/revoke"}) {
    const bool list = std::string_view(path) == "orphans/none";
    const auto answer = house.try_call(list ? Operation::read : Operation::update, path);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  }
}

TEST(Orphans, AskedForTwiceOrGoneAlreadyAreNoMistake) {
  House house;
  const std::string stray = house.stray();
  const std::string gone = house.name_of(1, house.vault);
  EXPECT_EQ(house.revoke({stray, stray, gone}), R"({"revoking":1,"not_there":1})");
  EXPECT_EQ(house.revoke({stray}), R"({"revoking":1,"not_there":0})");
  EXPECT_EQ(must(lifecycle::LeaseEnds::count(*house.begin())).pending, 1U);
  house.run_ends();
  EXPECT_FALSE(house.database.users.contains(stray));
  EXPECT_EQ(house.revoke({stray}), R"({"revoking":0,"not_there":1})");
}

TEST(Orphans, AreEndedAsTheirRoleSays) {
  House house;
  const std::string stray = house.stray();
  house.call(Operation::update, "roles/app", R"({"revocation_statements":"R"})");
  house.run_ends();
  EXPECT_NE(house.refusal({stray}, R"(,"role":"none")").find("role"), std::string::npos);
  house.call(Operation::update, "config/other",
             R"({"plugin_name":"postgresql-database-plugin","connection_url":"x",
                 "username":"admin","password":"first","allowed_roles":"*"})");
  house.call(Operation::update, "roles/else", R"({"db_name":"other","creation_statements":"C"})");
  house.run_ends();
  EXPECT_NE(house.refusal({stray}, R"(,"role":"else")").find("another configuration"),
            std::string::npos);
  (void)house.revoke({stray}, R"(,"role":"app")");
  const auto pending = must(lifecycle::LeaseEnds::pending(*house.begin(), 10));
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].lease.id(), "database/orphans/pg/" + stray);
  EXPECT_NE(pending[0].lease.terms.payload.find("R"), std::string::npos);
  house.run_ends();
  EXPECT_FALSE(house.database.users.contains(stray));
}

/// The server is away: none can be told, for nothing is known; and whoever is named is ended once
/// it is back, over a restart.
TEST(Orphans, AreTriedUntilTheServerIsBack) {
  House house;
  const std::string stray = house.stray();
  house.away(true);
  const auto listed = house.try_call(Operation::read, "orphans/pg");
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, ErrorCode::unavailable);
  house.away(true);
  const auto answer = house.try_revoke({stray});
  ASSERT_TRUE(answer.ok()) << answer.error().text;
  EXPECT_EQ(answer->warnings.size(), 1U);
  EXPECT_EQ(answer->data, R"({"revoking":1,"not_there":0})");
  house.away(false);
  house.restart();
  EXPECT_EQ(house.listed(), std::vector<Told>{});
  house.run_ends();
  EXPECT_FALSE(house.database.users.contains(stray));
}

TEST(Orphans, OfTheOtherConnectionsOfAServerAreKnown) {
  House house;
  house.call(Operation::update, "config/two",
             R"({"plugin_name":"postgresql-database-plugin","connection_url":"x",
                 "username":"admin","password":"first","allowed_roles":"*"})");
  const std::string live = house.creds();
  const auto answer = house.call(Operation::read, "orphans/two");
  EXPECT_EQ(answer.data.find(live), std::string::npos);
  EXPECT_NE(answer.data.find(R"("total":0)"), std::string::npos);
}

}  // namespace
}  // namespace coffer::engines::database
