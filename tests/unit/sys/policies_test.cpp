// Policies, capabilities, and why.
#include "sys_kit.h"

namespace coffer::sys {
namespace {

constexpr const char* kReadApp =
    "# mine\npath \"secret/data/app/*\" {\n  capabilities = [\"read\"]\n}\n";

TEST_F(SysTest, APolicysTextComesBackByteForByte) {
  put_policy("app", kReadApp);
  EXPECT_EQ(text(data(read("policies/acl/app")), {"policy"}), kReadApp);
  EXPECT_EQ(text(data(read("policies/acl/app")), {"name"}), "app");
  EXPECT_EQ(text(data(read("policy/app")), {"rules"}), kReadApp);
  EXPECT_EQ(read("policies/acl/nosuch").error().code, ErrorCode::not_found);
}

/// C2: a deny on `app` would not hold for another spelling of it.
TEST_F(SysTest, APathHasOneSpellingOfAName) {
  put_policy("app", kReadApp);
  for (const std::string path : {"policies/acl/", "policy/"}) {
    for (const char* name : {"App", "APP", "ROOT", "Root", "DEFAULT"}) {
      refused(write(path + name, R"({"policy":"path \"a\" {}"})"), "lower case");
      refused(read(path + name), "lower case");
      refused(remove(path + name), "lower case");
    }
  }
  EXPECT_EQ(text(data(read("policies/acl/app")), {"policy"}), kReadApp);
}

/// C1, C5.
TEST_F(SysTest, ReservedPoliciesStayAsTheyAre) {
  for (const std::string path : {"policies/acl/", "policy/"}) {
    for (const char* name : {"root", "response-wrapping"}) {
      refused(write(path + name, R"({"policy":"path \"a\" {}"})"), "cannot");
      refused(remove(path + name), "cannot");
    }
    refused(remove(path + "default"), "cannot");
  }
}

TEST_F(SysTest, APolicyTakesEffectAtOnceAndEndsAtOnce) {
  put_policy("app", kReadApp);
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app/db", R"({"data":{"k":"v"}})").ok());
  const std::string token = token_with("app");
  EXPECT_TRUE(vault.call_as(token, Operation::read, "secret/data/app/db").ok());
  EXPECT_EQ(
      vault.call_as(token, Operation::update, "secret/data/app/db", R"({"data":{}})").error().code,
      ErrorCode::permission_denied);
  ASSERT_TRUE(remove("policies/acl/app").ok());
  EXPECT_EQ(vault.call_as(token, Operation::read, "secret/data/app/db").error().code,
            ErrorCode::permission_denied);
}

TEST_F(SysTest, ATextThatDoesNotParseIsRefusedAndChangesNothing) {
  put_policy("app", kReadApp);
  EXPECT_FALSE(write("policies/acl/app", R"({"policy":"path {"})").ok());
  refused(write("policies/acl/app", "{}"), "policy");
  refused(write("policies/acl/app", R"({"policy":7})"), "policy");
  refused(write("policies/acl/app", R"({"policy":"path \"a\" {}","ttl":"1h"})"), "ttl");
  EXPECT_EQ(text(data(read("policies/acl/app")), {"policy"}), kReadApp);
}

TEST_F(SysTest, TheDefaultPolicyCanBeWrittenAnew) {
  const std::string before = text(data(read("policies/acl/default")), {"policy"});
  EXPECT_NE(before.find("lookup-self"), std::string::npos);
  put_policy("default", kReadApp);
  EXPECT_EQ(text(data(read("policies/acl/default")), {"policy"}), kReadApp);
}

TEST_F(SysTest, CapabilitiesOfOneselfAndOfOthers) {
  put_policy("app", kReadApp);
  const std::string token = token_with("app");
  const std::string body = R"({"paths":["secret/data/app/x","secret/data/y"]})";
  put_policy("self", "path \"sys/capabilities-self\" { capabilities = [\"update\"] }");
  const std::string asking = token_with("self");
  const auto own = vault.call_as(asking, Operation::update, "sys/capabilities-self", body);
  EXPECT_EQ(data(own).find("secret/data/y")->compact(), R"(["deny"])");
  const Json others = data(write("capabilities", R"({"token":")" + token + "\"," + body.substr(1)));
  EXPECT_EQ(others.find("secret/data/app/x")->compact(), R"(["read"])");
  const Json root = data(write("capabilities-self", R"({"path":"anything"})"));
  EXPECT_EQ(root.find("capabilities")->compact(), R"(["root"])");
  refused(write("capabilities-accessor", R"({"accessor":"nosuch","paths":["a"]})"), "accessor");
  refused(write("capabilities", R"({"token":"hvs.nosuch","paths":["a"]})"), "token");
  refused(write("capabilities-self", "{}"), "paths");
}

TEST_F(SysTest, ExplainsBeforeAnythingHappened) {
  put_policy("app", kReadApp);
  const Json told =
      data(write("policies/explain",
                 R"({"operation":"read","path":"secret/data/app/db","policies":["app"]})"));
  EXPECT_EQ(text(told, {"allowed"}), "true");
  EXPECT_EQ(text(told, {"rule"}), "secret/data/app/*");
  EXPECT_EQ(text(told, {"policy"}), "app");
  EXPECT_FALSE(told.find("candidates")->elements().empty());
  const Json not_yet = data(
      write("policies/explain",
            R"({"operation":"delete","path":"secret/data/app/db","policies":["app","new"],)"
            R"("texts":{"new":"path \"secret/data/app/db\" { capabilities = [\"delete\"] }"}})"));
  EXPECT_EQ(text(not_yet, {"policy"}), "new");
}

TEST_F(SysTest, ADenialIsFoundByTheIdThatTheCallerWasTold) {
  put_policy("app", kReadApp);
  const std::string token = token_with("app");
  ASSERT_FALSE(vault.call_as(token, Operation::remove, "secret/data/app/db").ok());
  const std::string id = to_string(vault.last_id());
  const Json told = data(write("policies/explain", R"({"decision_id":")" + id + "\"}"));
  EXPECT_EQ(text(told, {"allowed"}), "false");
  EXPECT_EQ(text(told, {"operation"}), "delete");
  EXPECT_EQ(text(told, {"path"}), "secret/data/app/db");
  EXPECT_EQ(told.find_path({"caller", "policies"})->compact(), R"(["app"])");
  EXPECT_EQ(write("policies/explain", R"({"decision_id":"00000000-0000-0000-0000-00000000abcd"})")
                .error()
                .code,
            ErrorCode::not_found);
}

TEST_F(SysTest, QuestionsThatCannotBeAnsweredNameTheField) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"path":"a","policies":["p"]})", "operation"},
           {R"({"operation":"fly","path":"a","policies":["p"]})", "operation"},
           {R"({"operation":"read","policies":["p"]})", "path"},
           {R"({"operation":"read","path":"a"})", "policies"},
           {R"({"operation":"read","path":"a","policies":["p"],"accessor":"x"})", "policies"},
           {R"({"operation":"read","path":"a","accessor":"nosuch"})", "accessor"},
           {R"({"decision_id":"x"})", "decision_id"},
           {R"({"operation":"read","path":"a","policies":["p"],"parameters":[]})", "parameters"}}) {
    refused(write("policies/explain", body), field);
  }
}

}  // namespace
}  // namespace coffer::sys
