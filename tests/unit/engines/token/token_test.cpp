// auth/token/ as a client sees it.
#include "coffer/engines/token/token.h"

#include <gtest/gtest.h>

#include "coffer/auth/token_roles.h"
#include "coffer/model/json_tree.h"
#include "fakes/test_engine.h"

namespace coffer::engines::token {
namespace {

using model::Json;
using model::Operation;
using model::Response;
using std::chrono::hours;
using std::chrono::seconds;

class TokenEngineTest : public ::testing::Test, public fakes::EngineKit {
 protected:
  TokenEngineTest() : EngineKit("auth/token/") {
    engine = make_engine(*tokens);
    const SecureBytes bits = commit([&](auto& tx) { return tokens->create_root(tx, now); });
    root_ = std::string(as_text(bits.expose(Reveal{"test"})));
  }

  /// As whoever holds the token; a token that is refused has no call.
  Result<Response> as(const std::string& token, Operation operation, const std::string& path,
                      const std::string& body = {}) {
    const auto identity = tokens->identify(*begin(), token, now);
    if (!identity.ok()) return identity.error();
    return call(*identity->caller, operation, path, body);
  }
  Result<Response> write(const std::string& token, const std::string& path,
                         const std::string& body = {}) {
    return as(token, Operation::update, path, body);
  }
  model::Auth make(const std::string& maker, const std::string& body = {},
                   const std::string& path = "create") {
    return *fakes::must(write(maker, path, body)).auth;
  }
  /// A maker that isn't root.
  std::string someone(const std::string& policies = R"(["dev","ops","default"])") {
    return make(root_, R"({"policies":)" + policies + R"(,"ttl":"10h"})").client_token;
  }
  Json look(const std::string& token) {
    const auto response = as(token, Operation::read, "lookup-self");
    return response.ok() ? *Json::parse(response->data) : Json();
  }
  static std::string text(const Json& json, std::string_view name) {
    const Json* found = json.find(name);
    return found == nullptr ? "(absent)" : found->text();
  }
  bool works(const std::string& token) { return tokens->identify(*begin(), token, now).ok(); }
  void expect_refused(const std::string& maker, const std::string& path, const std::string& body,
                      const std::string& word, ErrorCode code = ErrorCode::invalid_argument) {
    const std::size_t before = rows();
    const auto response = write(maker, path, body);
    ASSERT_FALSE(response.ok()) << path << " " << body;
    EXPECT_EQ(response.error().code, code) << body;
    EXPECT_NE(response.error().text.find(word), std::string::npos) << response.error().text;
    EXPECT_EQ(rows(), before) << "no error leaves a token behind";
  }

  std::string root_;
};

using Names = std::vector<std::string>;

TEST_F(TokenEngineTest, RootMakesARootTokenThatNeverExpires) {
  const model::Auth made = make(root_);
  EXPECT_EQ(made.policies, Names{"root"});
  EXPECT_EQ(made.lease_duration.count(), 0);
  EXPECT_FALSE(made.renewable);
  EXPECT_FALSE(made.orphan);
  now += hours(24 * 365);
  EXPECT_TRUE(works(made.client_token));
}

TEST_F(TokenEngineTest, ATokenLivesThirtyTwoDaysUnlessItSaysSo) {
  const model::Auth made = make(root_, R"({"policies":["dev"]})");
  EXPECT_EQ(made.lease_duration, hours(768));
  EXPECT_TRUE(made.renewable);
  EXPECT_EQ(made.policies, (Names{"default", "dev"}));
  now += hours(768);
  EXPECT_FALSE(works(made.client_token));
}

TEST_F(TokenEngineTest, NoTtlMeansTheUsualOneAndNeverEndless) {
  for (const char* ttl : {R"("0")", R"("0s")", "0", R"("")", "null"}) {
    const auto made = make(root_, R"({"policies":["dev"],"ttl":)" + std::string(ttl) + "}");
    EXPECT_EQ(made.lease_duration, hours(768)) << ttl;
  }
  expect_refused(root_, "create", R"({"policies":["dev"],"ttl":"-1s"})", "ttl");
  expect_refused(root_, "create", R"({"policies":["dev"],"ttl":-5})", "ttl");
}

TEST_F(TokenEngineTest, WhatIsTooLongIsShortenedWithAWarning) {
  const auto long_one = write(root_, "create", R"({"policies":["dev"],"ttl":"2000h"})");
  EXPECT_EQ(long_one->auth->lease_duration, hours(768));
  EXPECT_EQ(long_one->warnings.size(), 1U);
  const auto capped =
      write(root_, "create", R"({"policies":["dev"],"ttl":"5h","explicit_max_ttl":"1h"})");
  EXPECT_EQ(capped->auth->lease_duration, hours(1));
  EXPECT_EQ(capped->warnings.size(), 1U);
  mount.config.max_lease_ttl = hours(2);
  mount.config.default_lease_ttl = hours(1);
  EXPECT_EQ(make(root_, R"({"policies":["dev"]})").lease_duration, hours(1));
  EXPECT_EQ(make(root_, R"({"policies":["dev"],"ttl":"5h"})").lease_duration, hours(2));
  EXPECT_TRUE(write(root_, "create", R"({"policies":["dev"]})")->warnings.empty());
}

TEST_F(TokenEngineTest, AChildGetsAtMostWhatItsParentHas) {
  const std::string maker = someone();
  EXPECT_EQ(make(maker).policies, (Names{"default", "dev", "ops"}));
  EXPECT_EQ(make(maker, R"({"policies":"DEV "})").policies, (Names{"default", "dev"}));
  EXPECT_EQ(make(maker, R"({"policies":["dev"],"no_default_policy":true})").policies, Names{"dev"});
  expect_refused(maker, "create", R"({"policies":["dev","admin"]})", "subset");
}

TEST_F(TokenEngineTest, DefaultComesOnlyFromAParentThatHasIt) {
  const std::string bare =
      make(root_, R"({"policies":["dev"],"no_default_policy":true})").client_token;
  EXPECT_EQ(make(bare).policies, Names{"dev"});
  expect_refused(bare, "create", R"({"policies":["dev","default"]})", "subset");
}

TEST_F(TokenEngineTest, OnlyRootMakesRootInWhateverForm) {
  const std::string maker = someone();
  for (const char* form : {"root", "ROOT", "root ", " Root", "\\troot", "rOOt\\n"}) {
    const std::string body = R"({"policies":[")" + std::string(form) + R"("]})";
    expect_refused(maker, "create", body, "subset");
    EXPECT_EQ(make(root_, body).policies, Names{"root"}) << form;
  }
  for (const char* form : {"r\xc3\xb6ot", "\xef\xbd\x92oot", "ro ot", "../root", "root%20"}) {
    expect_refused(root_, "create", R"({"policies":[")" + std::string(form) + R"("]})", "policy");
  }
  expect_refused(root_, "create", R"({"policies":["root","dev"]})", "alone");
  expect_refused(root_, "create", R"({"policies":["response-wrapping"]})", "reserved");
}

TEST_F(TokenEngineTest, ARootTokenThatExpiresMakesNoneThatDoesNot) {
  const std::string timed = make(root_, R"({"ttl":"1h"})").client_token;
  EXPECT_EQ(look(timed).find("policies")->elements().front().text(), "root");
  expect_refused(timed, "create", "{}", "expiring");
  EXPECT_EQ(make(timed, R"({"ttl":"30m"})").lease_duration, std::chrono::minutes(30));
}

TEST_F(TokenEngineTest, OrphansAndPeriodsNeedPower) {
  const std::string maker = someone();
  expect_refused(maker, "create", R"({"no_parent":true})", "no_parent");
  expect_refused(maker, "create", R"({"period":"1h"})", "period");
  const model::Auth orphan = make(maker, R"({"period":"1h"})", "create-orphan");
  EXPECT_TRUE(orphan.orphan);
  EXPECT_TRUE(last_rule->sudo);
  EXPECT_TRUE(make(root_, R"({"no_parent":true,"policies":["dev"]})").orphan);
  ASSERT_TRUE(write(maker, "revoke-self").ok());
  EXPECT_TRUE(works(orphan.client_token));
}

TEST_F(TokenEngineTest, WhatIsNotDoneIsRefusedByName) {
  expect_refused(root_, "create", R"({"id":"my-token"})", "\"id\"");
  expect_refused(root_, "create", R"({"type":"batch"})", "batch");
  expect_refused(root_, "create", R"({"type":"other"})", "\"type\"");
  expect_refused(root_, "create", R"({"entity_alias":"x"})", "entity_alias");
  expect_refused(root_, "create", R"({"num_uses":-1})", "num_uses");
}

TEST_F(TokenEngineTest, AWrongTypeOfAnyFieldIsRefusedWithoutItsValue) {
  for (const char* field :
       {"policies", "meta", "display_name", "ttl", "explicit_max_ttl", "period", "num_uses",
        "renewable", "no_parent", "no_default_policy", "id", "type", "entity_alias", "lease"}) {
    const std::string body = "{\"" + std::string(field) + R"(":{"canary":["canary"]}})";
    const auto response = write(root_, "create", body);
    ASSERT_FALSE(response.ok()) << field;
    EXPECT_EQ(response.error().code, ErrorCode::invalid_argument) << field;
    EXPECT_EQ(response.error().text.find("canary"), std::string::npos) << response.error().text;
  }
}

TEST_F(TokenEngineTest, MetaAndNameComeBackAndAreBounded) {
  const model::Auth made =
      make(root_, R"({"policies":["dev"],"meta":{"b":"2","a":"1"},"display_name":"Bob's job!"})");
  EXPECT_EQ(made.display_name, "token-Bob-s-job");
  EXPECT_EQ(made.metadata, (auth::Meta{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(look(made.client_token).find_path({"meta", "b"})->text(), "2");
  expect_refused(root_, "create", R"({"meta":{"a":1}})", "meta");
  expect_refused(root_, "create", R"({"meta":{"a":")" + std::string(513, 'x') + "\"}}", "meta");
}

TEST_F(TokenEngineTest, LookupTellsVaultsFields) {
  const model::Auth made =
      make(someone(), R"({"ttl":"1h","explicit_max_ttl":"2h","num_uses":5,"policies":["dev"]})");
  now += seconds(10);
  const auto response = write(root_, "lookup", R"({"token":")" + made.client_token + R"("})");
  const Json data = *Json::parse(response->data);
  EXPECT_EQ(text(data, "id"), made.client_token);
  EXPECT_EQ(text(data, "accessor"), made.accessor);
  EXPECT_EQ(text(data, "ttl"), "3590");
  EXPECT_EQ(text(data, "creation_ttl"), "3600");
  EXPECT_EQ(text(data, "explicit_max_ttl"), "7200");
  EXPECT_EQ(text(data, "num_uses"), "5");
  EXPECT_EQ(text(data, "orphan"), "false");
  EXPECT_EQ(text(data, "path"), "auth/token/create");
  EXPECT_EQ(text(data, "type"), "service");
  EXPECT_EQ(text(data, "display_name"), "token");
  EXPECT_EQ(text(data, "meta"), "null");
  EXPECT_EQ(text(data, "entity_id"), "");
  EXPECT_NE(text(data, "expire_time"), "null");
  EXPECT_EQ(text(data, "period"), "(absent)");
}

TEST_F(TokenEngineTest, AnAccessorShowsAllButTheToken) {
  const model::Auth made = make(someone());
  const auto response =
      write(root_, "lookup-accessor", R"({"accessor":")" + made.accessor + R"("})");
  const Json data = *Json::parse(response->data);
  EXPECT_EQ(text(data, "id"), "");
  EXPECT_EQ(text(data, "accessor"), made.accessor);
  EXPECT_EQ(response->data.find(made.client_token), std::string::npos);
}

TEST_F(TokenEngineTest, AnAccessorShowsWhatTheTokenWasMadeWith) {
  const auto shown = [this](const std::string& accessor) {
    const auto response = write(root_, "lookup-accessor", R"({"accessor":")" + accessor + R"("})");
    return text(*Json::parse(response->data), "parent");
  };
  const model::Auth made = make(someone());
  const model::Auth child = make(made.client_token);
  EXPECT_EQ(shown(child.accessor), made.accessor);
  EXPECT_EQ(shown(make(root_, "{}", "create-orphan").accessor), "(absent)");
  const auto own = write(child.client_token, "lookup-self");
  EXPECT_EQ(text(*Json::parse(own->data), "parent"), "(absent)") << "its holder isn't told";
}

TEST_F(TokenEngineTest, UnknownRevokedAndExpiredAreOneAnswer) {
  const model::Auth revoked = make(someone());
  const model::Auth expired = make(someone(), R"({"ttl":"1m"})");
  ASSERT_TRUE(write(root_, "revoke", R"({"token":")" + revoked.client_token + R"("})").ok());
  now += seconds(60);
  for (const char* path : {"lookup", "renew", "revoke", "revoke-orphan"}) {
    for (const std::string& token :
         {revoked.client_token, expired.client_token, std::string("hvs.unknown")}) {
      expect_refused(root_, path, R"({"token":")" + token + R"("})", "bad token",
                     ErrorCode::permission_denied);
    }
  }
  for (const char* path : {"lookup-accessor", "renew-accessor", "revoke-accessor"}) {
    for (const std::string& accessor : {revoked.accessor, expired.accessor, std::string("none")}) {
      if (path == std::string("revoke-accessor")) {
        const auto gone = write(root_, path, R"({"accessor":")" + accessor + R"("})");
        ASSERT_TRUE(gone.ok());
        EXPECT_EQ(gone->warnings, std::vector<std::string>{"No token found with this accessor"});
        continue;
      }
      expect_refused(root_, path, R"({"accessor":")" + accessor + R"("})", "invalid accessor",
                     ErrorCode::permission_denied);
    }
    expect_refused(root_, path, "{}", "accessor");
    expect_refused(root_, path, R"({"accessor":[1]})", "accessor");
  }
}

TEST_F(TokenEngineTest, EveryFormOfRevocationEndsTheTree) {
  for (const std::string form : {"revoke", "revoke-self", "revoke-accessor"}) {
    const model::Auth parent = make(someone());
    const std::string child = make(parent.client_token).client_token;
    const std::string body =
        R"({"token":")" + parent.client_token + R"(","accessor":")" + parent.accessor + R"("})";
    const std::string& who = form == "revoke-self" ? parent.client_token : root_;
    EXPECT_EQ(write(who, form, body)->outcome, model::Outcome::empty);
    EXPECT_FALSE(works(parent.client_token)) << form;
    EXPECT_FALSE(works(child)) << form;
  }
}

TEST_F(TokenEngineTest, RevokeOrphanEndsOneAlone) {
  const model::Auth parent = make(someone());
  const std::string child = make(parent.client_token).client_token;
  ASSERT_TRUE(write(root_, "revoke-orphan", R"({"token":")" + parent.client_token + R"("})").ok());
  EXPECT_TRUE(last_rule->sudo);
  EXPECT_FALSE(works(parent.client_token));
  EXPECT_TRUE(works(child));
  sweep();
  EXPECT_TRUE(works(child));
  EXPECT_EQ(text(look(child), "orphan"), "true");
}

TEST_F(TokenEngineTest, EveryFormOfRenewalRenews) {
  for (const std::string form : {"renew", "renew-self", "renew-accessor"}) {
    const model::Auth made = make(someone(), R"({"ttl":"1h"})");
    now += std::chrono::minutes(30);
    const std::string body = R"({"increment":"2h","token":")" + made.client_token +
                             R"(","accessor":")" + made.accessor + R"("})";
    const auto renewed = write(form == "renew-self" ? made.client_token : root_, form, body);
    EXPECT_EQ(renewed->auth->lease_duration, hours(2)) << form;
    EXPECT_EQ(renewed->auth->client_token, form == "renew" ? made.client_token : "");
    EXPECT_EQ(text(look(made.client_token), "ttl"), "7200");
    EXPECT_NE(text(look(made.client_token), "last_renewal_time"), "(absent)");
  }
  const model::Auth bounded = make(someone(), R"({"ttl":"10m","explicit_max_ttl":"20m"})");
  const auto cut = write(bounded.client_token, "renew-self", R"({"increment":"99h"})");
  EXPECT_EQ(cut->warnings.at(0), "a TTL of 99h0m0s is beyond the maximum: it is cut to 20m0s");
  expect_refused(root_, "renew-self", "{}", "renewable");
  expect_refused(someone(), "renew-self", R"({"increment":-1})", "increment");
}

TEST_F(TokenEngineTest, ATokenWithCountedUsesMakesNoTokens) {
  const std::string counted = make(root_, R"({"policies":["dev"],"num_uses":3})").client_token;
  expect_refused(counted, "create", "{}", "limited");
}

TEST_F(TokenEngineTest, AccessorsAreListedUnderSudo) {
  const model::Auth made = make(root_, R"({"policies":["dev"]})");
  const auto list = as(root_, Operation::list, "accessors/");
  EXPECT_TRUE(last_rule->sudo);
  EXPECT_NE(list->data.find(made.accessor), std::string::npos);
  EXPECT_EQ(Json::parse(list->data)->find("keys")->elements().size(), 2U);
}

TEST_F(TokenEngineTest, SudoOnThePathIsPowerToo) {
  const std::string maker = someone();
  sudo = true;
  EXPECT_TRUE(make(maker, R"({"no_parent":true})").orphan);
  EXPECT_EQ(make(maker, R"({"period":"1h"})").lease_duration, std::chrono::hours(1));
}

TEST_F(TokenEngineTest, WhoAsksForItselfIsToldItsTokenAsInVault) {
  const std::string token = someone();
  bearer = token;
  EXPECT_EQ(text(look(token), "id"), token);
  EXPECT_EQ(write(token, "renew-self")->auth->client_token, token);
}

TEST_F(TokenEngineTest, TidySaysThatThereIsNothingToDo) {
  EXPECT_EQ(write(root_, "tidy")->warnings.size(), 1U);
}

TEST_F(TokenEngineTest, APeerOfTheSocketSeesWhoItIsAndHasNothingToRenewOrRevoke) {
  model::Caller peer;
  peer.accessor = "abc";
  peer.display_name = "unix-app";
  peer.policies = {"default", "dev"};
  peer.token_type = "unix";
  peer.metadata = {{"role", "app"}, {"uid", "1000"}};
  for (const auto operation : {Operation::read, Operation::update}) {
    const Json data = *Json::parse(call(peer, operation, "lookup-self")->data);
    EXPECT_EQ(text(data, "type"), "unix");
    EXPECT_EQ(text(data, "uid"), "1000");
    EXPECT_EQ(text(data, "role"), "app");
    EXPECT_EQ(text(data, "id"), "");
    EXPECT_EQ(data.find("policies")->elements().size(), 2U);
  }
  for (const char* path : {"renew-self", "revoke-self"}) {
    const auto response = call(peer, Operation::update, path);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(TokenEngineTest, ATokenThatAPeerMakesIsAnOrphanThatExpires) {
  model::Caller peer;
  peer.policies = {"default", "dev"};
  peer.token_type = "unix";
  const auto made = call(peer, Operation::update, "create");
  EXPECT_TRUE(made->auth->orphan);
  EXPECT_EQ(made->auth->lease_duration, hours(768));
  EXPECT_EQ(made->auth->policies, peer.policies);
  EXPECT_FALSE(call(peer, Operation::update, "create", R"({"policies":["root"]})").ok());
}

/// Whose allowance of leases its holder takes.
TEST_F(TokenEngineTest, ATokenThatAPeerMakesCountsForThePeerUnlessARoleSetsItFree) {
  model::Caller peer;
  peer.policies = {"default", "dev"};
  peer.token_type = "unix";
  peer.accessor = "abc";
  peer.identity = "the peer's";
  const auto identity = [&](const std::string& path, const std::string& body = {}) {
    const auto made = fakes::must(call(peer, Operation::update, path, body));
    const auto known = fakes::must(tokens->identify(*begin(), made.auth->client_token, now));
    return known.caller->identity == known.caller->accessor ? "its own" : known.caller->identity;
  };
  EXPECT_EQ(identity("create"), "the peer's");
  EXPECT_EQ(identity("create-orphan"), "its own");
  fakes::must(write(root_, "roles/free", R"({"allowed_policies":"dev","orphan":true})"));
  fakes::must(write(root_, "roles/bound", R"({"allowed_policies":"dev"})"));
  EXPECT_EQ(identity("create/free", R"({"policies":["dev"]})"), "its own");
  EXPECT_EQ(identity("create/bound", R"({"policies":["dev"]})"), "the peer's");
}

TEST_F(TokenEngineTest, EveryPathHasAHelpText) {
  for (const engine::PathRule& rule : engine->paths()) {
    EXPECT_FALSE(rule.help.empty()) << rule.pattern;
    EXPECT_FALSE(rule.open) << rule.pattern;
  }
}

class TokenRolesTest : public TokenEngineTest {
 protected:
  void role(const std::string& name, const std::string& body) {
    fakes::must(write(root_, "roles/" + name, body));
  }
};

TEST_F(TokenRolesTest, AreWrittenReadListedAndDeleted) {
  EXPECT_EQ(as(root_, Operation::list, "roles/").error().code, ErrorCode::not_found);
  role("app", R"({"allowed_policies":["B","a"],"orphan":true,"token_period":"1h",
                  "token_num_uses":3,"path_suffix":"v1","renewable":false})");
  EXPECT_EQ(last_operation, Operation::create);
  role("app", R"({"token_explicit_max_ttl":60})");
  EXPECT_EQ(last_operation, Operation::update);
  const Json data = *Json::parse(as(root_, Operation::read, "roles/app")->data);
  EXPECT_EQ(data.find("allowed_policies")->compact(), R"(["a","b"])");
  EXPECT_EQ(text(data, "token_period"), "3600");
  EXPECT_EQ(text(data, "token_explicit_max_ttl"), "60");
  EXPECT_EQ(text(data, "token_num_uses"), "3");
  EXPECT_EQ(text(data, "renewable"), "false");
  EXPECT_EQ(as(root_, Operation::list, "roles/")->data, R"({"keys":["app"]})");
  ASSERT_TRUE(as(root_, Operation::remove, "roles/app").ok());
  EXPECT_FALSE(as(root_, Operation::read, "roles/app").ok());
}

TEST_F(TokenRolesTest, GiveWhatTheMakerHasNot) {
  role("app", R"({"allowed_policies":["app","more"]})");
  const std::string maker = someone();
  EXPECT_EQ(make(maker, "{}", "create/app").policies, (Names{"app", "default", "more"}));
  EXPECT_EQ(make(maker, R"({"policies":["app"]})", "create/app").policies,
            (Names{"app", "default"}));
  expect_refused(maker, "create/app", R"({"policies":["dev"]})", "allowed");
  expect_refused(maker, "create/none", "{}", "unknown role");
  const std::string made = make(maker, "{}", "create/app").client_token;
  EXPECT_EQ(text(look(made), "role"), "app");
  EXPECT_EQ(text(look(made), "path"), "auth/token/create/app");
}

TEST_F(TokenRolesTest, GlobsAllowAndForbid) {
  role("app", R"({"allowed_policies_glob":["app-*"],"disallowed_policies_glob":["*-admin"]})");
  const std::string maker = someone();
  EXPECT_EQ(make(maker, R"({"policies":["app-x"]})", "create/app").policies,
            (Names{"app-x", "default"}));
  expect_refused(maker, "create/app", R"({"policies":["app-admin"]})", "disallows");
  expect_refused(maker, "create/app", R"({"policies":["APP-ADMIN "]})", "disallows");
  expect_refused(maker, "create/app", R"({"policies":["other"]})", "allowed");
}

TEST_F(TokenRolesTest, NeverGiveRootToWhoIsNot) {
  role("all", R"({"allowed_policies_glob":["*"]})");
  role("root", R"({"allowed_policies":["root"]})");
  role("open", R"({"disallowed_policies":["x"]})");
  const std::string maker = someone();
  for (const char* path : {"create/all", "create/root", "create/open"}) {
    expect_refused(maker, path, R"({"policies":[" Root"]})", "root");
  }
  expect_refused(maker, "create/root", "{}", "root");
}

TEST_F(TokenRolesTest, DisallowedDefaultIsNotAdded) {
  role("bare", R"({"allowed_policies":["a"],"disallowed_policies":["default"]})");
  EXPECT_EQ(make(someone(), "{}", "create/bare").policies, Names{"a"});
  role("none", R"({"allowed_policies":["a"],"token_no_default_policy":true})");
  EXPECT_EQ(make(someone(), "{}", "create/none").policies, Names{"a"});
}

TEST_F(TokenRolesTest, GivePeriodUsesAndOrphans) {
  role("job", R"({"orphan":true,"token_period":"2h","token_num_uses":4})");
  const model::Auth made = make(someone(), R"({"num_uses":9})", "create/job");
  EXPECT_TRUE(made.orphan);
  EXPECT_EQ(made.lease_duration, hours(2));
  EXPECT_EQ(made.num_uses, 4);
}

TEST_F(TokenRolesTest, ARenewalAsksTheRoleAgain) {
  role("app", R"({"allowed_policies":["app"]})");
  const std::string token = make(someone(), R"({"ttl":"1h"})", "create/app").client_token;
  ASSERT_TRUE(write(token, "renew-self").ok());
  role("app", R"({"token_explicit_max_ttl":"90m"})");
  EXPECT_EQ(write(token, "renew-self", R"({"increment":"9h"})")->auth->lease_duration,
            std::chrono::minutes(90));
  ASSERT_TRUE(as(root_, Operation::remove, "roles/app").ok());
  expect_refused(token, "renew-self", "{}", "role");
  EXPECT_TRUE(works(token));
}

TEST_F(TokenRolesTest, AWrongTypeOfAnyFieldIsRefusedAndNothingStored) {
  for (const char* field :
       {"allowed_policies", "disallowed_policies", "allowed_policies_glob",
        "disallowed_policies_glob", "orphan", "renewable", "path_suffix", "token_period", "period",
        "token_explicit_max_ttl", "explicit_max_ttl", "token_num_uses", "token_no_default_policy",
        "token_type", "token_bound_cidrs", "token_strictly_bind_ip", "allowed_entity_aliases"}) {
    expect_refused(root_, "roles/app", "{\"" + std::string(field) + "\":{}}", field);
  }
  expect_refused(root_, "roles/app", R"({"token_bound_cidrs":["10.0.0.0/8"]})", "cidrs");
  expect_refused(root_, "roles/app", R"({"token_type":"batch"})", "batch");
  expect_refused(root_, "roles/app", R"({"path_suffix":"../x"})", "path_suffix");
  expect_refused(root_, "roles/app", R"({"allowed_policies_glob":["A*"]})", "glob");
}

}  // namespace
}  // namespace coffer::engines::token
