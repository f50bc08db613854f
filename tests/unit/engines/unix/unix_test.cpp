// auth/unix/ as an operator sees it.
#include "coffer/engines/unix/unix.h"

#include <gtest/gtest.h>

#include "coffer/model/json_tree.h"
#include "fakes/test_engine.h"

namespace coffer::engines::unix_peer {
namespace {

using model::Json;
using model::Operation;

class UnixEngineTest : public ::testing::Test, public fakes::EngineKit {
 protected:
  UnixEngineTest() : EngineKit("auth/unix/") { engine = make_engine(*roles); }

  Result<model::Response> run(Operation operation, const std::string& path,
                              const std::string& body = {}) {
    return call({}, operation, path, body);
  }
  void role(const std::string& name, const std::string& body) {
    fakes::must(run(Operation::update, "role/" + name, body));
  }
  std::string member(const std::string& name, std::string_view field) {
    const auto response = run(Operation::read, "role/" + name);
    if (!response.ok()) return "error: " + response.error().text;
    return Json::parse(response->data)->find(field)->compact();
  }
  void expect_refused(const std::string& body, const std::string& word) {
    const std::size_t before = rows();
    const auto response = run(Operation::update, "role/app", body);
    ASSERT_FALSE(response.ok()) << body;
    EXPECT_EQ(response.error().code, ErrorCode::invalid_argument) << body;
    EXPECT_NE(response.error().text.find(word), std::string::npos) << response.error().text;
    EXPECT_EQ(rows(), before);
  }
};

TEST_F(UnixEngineTest, RolesAreWrittenReadListedAndDeleted) {
  EXPECT_EQ(run(Operation::list, "role/").error().code, ErrorCode::not_found);
  role("app", R"({"bound_uids":[1001,1000],"bound_groups":"7","token_policies":"B, a"})");
  EXPECT_EQ(last_operation, Operation::create);
  EXPECT_EQ(member("app", "bound_uids"), "[1000,1001]");
  EXPECT_EQ(member("app", "bound_groups"), "[7]");
  EXPECT_EQ(member("app", "policies"), R"(["a","b","default"])");
  EXPECT_EQ(member("app", "token_policies"), R"(["a","b","default"])");
  EXPECT_EQ(member("app", "allow_containers"), "false");
  EXPECT_EQ(run(Operation::list, "role/")->data, R"({"keys":["app"]})");
  EXPECT_EQ(run(Operation::remove, "role/app")->outcome, model::Outcome::empty);
  EXPECT_EQ(run(Operation::read, "role/app").error().code, ErrorCode::not_found);
}

TEST_F(UnixEngineTest, AWriteKeepsWhatItLeavesOut) {
  role("app", R"({"bound_uids":[1000],"policies":["a"]})");
  role("app", R"({"bound_units":["app.service"]})");
  EXPECT_EQ(last_operation, Operation::update);
  EXPECT_EQ(member("app", "bound_uids"), "[1000]");
  EXPECT_EQ(member("app", "bound_units"), R"(["app.service"])");
  EXPECT_EQ(member("app", "policies"), R"(["a","default"])");
}

TEST_F(UnixEngineTest, DefaultCanBeLeftOutAndStaysSo) {
  role("app", R"({"bound_uids":[1000],"policies":["a"],"token_no_default_policy":true})");
  EXPECT_EQ(member("app", "policies"), R"(["a"])");
  role("app", R"({"policies":["b"]})");
  EXPECT_EQ(member("app", "policies"), R"(["b"])");
  role("app", R"({"token_no_default_policy":false})");
  EXPECT_EQ(member("app", "policies"), R"(["b","default"])");
  role("none", R"({"bound_uids":[1],"token_no_default_policy":true})");
  role("none", R"({"bound_uids":[2]})");
  EXPECT_EQ(member("none", "policies"), "[]");
}

TEST_F(UnixEngineTest, ARoleNeedsMoreThanAUnit) {
  expect_refused("{}", "bound_uids");
  expect_refused(R"({"bound_units":["app.service"]})", "narrows");
  role("app", R"({"bound_uids":[1]})");
  expect_refused(R"({"bound_uids":[]})", "bound_uids");
}

TEST_F(UnixEngineTest, ContainersNeedScopesByName) {
  expect_refused(R"({"bound_uids":[1],"allow_containers":true})", "bound_units");
  role("app", R"({"bound_uids":[1],"allow_containers":true,"bound_units":["docker-1.scope"]})");
}

TEST_F(UnixEngineTest, NamesAndOverflowIdsAreRefused) {
  expect_refused(R"({"bound_users":["bob"]})", "bound_uids");
  for (const char* field : {"bound_uids", "bound_gids", "bound_groups"}) {
    const auto body = [&](const char* value) {
      return "{\"" + std::string(field) + "\":[" + value + "]}";
    };
    expect_refused(body(R"("bob")"), field);
    expect_refused(body("65534"), field);
    expect_refused(body("4294967295"), field);
    expect_refused(body("4294967296"), field);
    expect_refused(body("-1"), field);
    expect_refused(body(R"("0x10")"), field);
    expect_refused(body(R"(" 5")"), field);
  }
}

TEST_F(UnixEngineTest, UnitsAreWholeNames) {
  for (const char* unit : {"app", "*.service", ".service", "a/b.service", "app.service ",
                           "user-1000.slice", "app.timer"}) {
    expect_refused(R"({"bound_uids":[1],"bound_units":[")" + std::string(unit) + R"("]})",
                   "bound_units");
  }
  role("app", R"({"bound_uids":[1],"bound_units":["user@1000.service","a-b_c:d.scope"]})");
}

TEST_F(UnixEngineTest, NoFormOfRootIsGiven) {
  for (const char* form : {"root", "ROOT ", "\\tRoot"}) {
    expect_refused(R"({"bound_uids":[0],"policies":[")" + std::string(form) + R"("]})", "root");
    expect_refused(R"({"bound_uids":[0],"token_policies":["a",")" + std::string(form) + R"("]})",
                   "root");
  }
  expect_refused(R"({"bound_uids":[0],"policies":["response-wrapping"]})", "reserved");
}

TEST_F(UnixEngineTest, AWrongTypeOfAnyFieldIsRefused) {
  for (const char* field :
       {"bound_uids", "bound_gids", "bound_groups", "bound_units", "allow_containers", "policies",
        "token_policies", "token_no_default_policy"}) {
    expect_refused("{\"" + std::string(field) + R"(":{"canary":1}})", field);
  }
}

TEST_F(UnixEngineTest, AnEmptyListLiftsABound) {
  role("app", R"({"bound_uids":[1],"bound_gids":[2],"bound_units":["a.service"]})");
  role("app", R"({"bound_gids":[],"bound_units":[]})");
  EXPECT_EQ(member("app", "bound_gids"), "[]");
  EXPECT_EQ(member("app", "bound_units"), "[]");
}

TEST_F(UnixEngineTest, AWrittenRoleMakesACaller) {
  role("app", R"({"bound_uids":[1000],"policies":["a"]})");
  model::Peer peer{.uid = 1000, .gid = 5, .pid = 1, .groups = {}, .unit = {}};
  EXPECT_TRUE(fakes::must(roles->identify(*begin(), peer)).has_value());
  fakes::must(run(Operation::remove, "role/app"));
  EXPECT_FALSE(fakes::must(roles->identify(*begin(), peer)).has_value());
}

TEST_F(UnixEngineTest, EveryPathHasAHelpTextAndNoneIsOpen) {
  for (const engine::PathRule& rule : engine->paths()) {
    EXPECT_FALSE(rule.help.empty()) << rule.pattern;
    EXPECT_FALSE(rule.open) << rule.pattern;
  }
}

}  // namespace
}  // namespace coffer::engines::unix_peer
