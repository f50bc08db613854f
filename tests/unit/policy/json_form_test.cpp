#include "acl_of.h"

namespace coffer::policy {
namespace {

TEST(JsonForm, GrantsWhatHclGrants) {
  const auto acl = acl_of({R"({"name": "x", "path": {
    "secret/*": {"capabilities": ["read", "list"]},
    "/secret/deny": {"policy": "deny", "comment": null}
  }})"});
  EXPECT_TRUE(may(*acl, Operation::read, "secret/a"));
  EXPECT_FALSE(may(*acl, Operation::update, "secret/a"));
  EXPECT_FALSE(may(*acl, Operation::read, "secret/deny"));
}

TEST(JsonForm, IsToldByItsFirstCharacter) {
  EXPECT_TRUE(
      may(*acl_of({"\n\t {\"path\":{\"a\":{\"policy\":\"read\"}}}"}), Operation::read, "a"));
  EXPECT_TRUE(parse("p", "{}").ok());
  EXPECT_FALSE(parse("p", "[]").ok());
}

TEST(JsonForm, TakesListsOfObjectsForObjects) {
  const auto acl = acl_of({R"({"path": [
    {"a": [{"capabilities": ["read"]}, {"capabilities": ["list"]}]},
    {"b": {"capabilities": ["update"], "allowed_parameters": [{"k": ["v"]}, {"m": []}]}}
  ]})"});
  EXPECT_TRUE(may(*acl, Operation::read, "a"));
  EXPECT_TRUE(may(*acl, Operation::list, "a"));
  EXPECT_TRUE(may_with(*acl, Operation::update, "b", R"({"k":"v","m":1})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "b", R"({"k":"w"})"));
}

TEST(JsonForm, EveryValueComesThrough) {
  const auto acl = acl_of({R"({"path": {"a": {"capabilities": ["update"],
    "allowed_parameters": {"k": ["s", 7, true, null, ["l"], {"o": 1}]},
    "min_wrapping_ttl": 0, "max_wrapping_ttl": ""}}})"});
  for (const char* value : {"\"s\"", "7", "true", "null", "[\"l\"]", "{\"o\":1}"}) {
    EXPECT_TRUE(may_with(*acl, Operation::update, "a", std::string("{\"k\":") + value + "}"))
        << value;
  }
  for (const char* value : {"\"t\"", "8", "false", "[]", "{\"o\":2}"}) {
    EXPECT_FALSE(may_with(*acl, Operation::update, "a", std::string("{\"k\":") + value + "}"))
        << value;
  }
}

TEST(JsonForm, RefusalsNameThePathAndTheKey) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"path": {"a": {"capability": []}}})", "unknown key \"capability\" (path \"a\")"},
      {R"({"paths": {}})", "\"paths\""},
      {R"({"path": 3})", "\"path\""},
      {R"({"path": [3]})", "\"path\""},
      {R"({"path": {"a": 3}})", "\"a\""},
      {R"({"path": {"a": [[]]}})", "\"a\""},
      {R"({"path": {"a": {"capabilities": "read"}}})", "\"capabilities\""},
      {R"({"path": {"a": {"capabilities": null}}})", "\"capabilities\""},
      {R"({"path": {"+*": {}}})", "+*"},
      {R"({"path": {"{{identity.entity.id}}": {}}})", "identity templates"},
      {R"({"path": {"a": {"mfa_methods": ["x"]}}})", "\"mfa_methods\""},
      {R"({"path": {}, "path": {}})", "JSON"},
      {R"({"path": {}} x)", "JSON"},
      {R"({"path")", "JSON"},
      {R"({ path "a" { } })", "JSON"}};
  for (const auto& [text, said] : rows) {
    EXPECT_NE(error_of(text).find(said), std::string::npos) << text << "\n" << error_of(text);
  }
}

TEST(JsonForm, IsBoundInDepth) {
  std::string deep = R"({"path": {"a": {"comment": )";
  deep += std::string(40, '[') + std::string(40, ']') + "}}}";
  EXPECT_NE(error_of(deep).find("deep"), std::string::npos);
}

}  // namespace
}  // namespace coffer::policy
