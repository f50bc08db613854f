// Every policy in docs/policies.md is one: what people copy must work.
#include <fstream>
#include <sstream>

#include "acl_of.h"

namespace coffer::policy {
namespace {

std::string page() {
  std::ifstream file(COFFER_TEST_DATA "/../docs/policies.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands between ```LANGUAGE and ```.
std::vector<std::string> blocks(std::string_view language) {
  const std::string text = page();
  const std::string fence = "\n```" + std::string(language) + "\n";
  std::vector<std::string> found;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    found.push_back(text.substr(at, text.find("\n```", at) + 1 - at));
  }
  return found;
}

TEST(Documents, EveryExampleIsAPolicy) {
  const auto hcl = blocks("hcl");
  const auto json = blocks("json");
  EXPECT_EQ(hcl.size(), 5U);
  EXPECT_EQ(json.size(), 1U);
  for (const auto& all : {hcl, json}) {
    for (const std::string& text : all) {
      const auto policy = parse("page", text);
      EXPECT_TRUE(policy.ok()) << text << (policy.ok() ? "" : policy.error().text);
    }
  }
}

TEST(Documents, TheFirstExampleDoesWhatItsCommentsSay) {
  for (const std::string& text : {blocks("hcl").at(0), blocks("json").at(0)}) {
    const auto acl = acl_of({text});
    EXPECT_TRUE(may(*acl, Operation::read, "secret/data/shop/a"));
    EXPECT_TRUE(may(*acl, Operation::list, "secret/metadata/shop/"));
    EXPECT_FALSE(may(*acl, Operation::update, "secret/data/shop/a"));
  }
  EXPECT_FALSE(
      may(*acl_of({blocks("hcl").at(0)}), Operation::read, "secret/data/shop/signing-key"));
}

TEST(Documents, TheExampleOfPrecedenceDoesWhatIsSaidBelowIt) {
  const auto acl = acl_of({blocks("hcl").at(1)});
  EXPECT_TRUE(may(*acl, Operation::update, "secret/data/shop/public"));
  EXPECT_FALSE(may(*acl, Operation::read, "secret/data/payroll/public"));
  EXPECT_EQ(rule_of(*acl, Operation::read, "secret/data/shop/other"), "secret/*");
}

TEST(Documents, TheExampleOfParametersDoesWhatIsSaidBelowIt) {
  const auto acl = acl_of({blocks("hcl").at(2)});
  const std::string create = "auth/token/create";
  EXPECT_TRUE(may_with(*acl, Operation::update, create, R"({"ttl":"1h","policies":["shop"]})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, create, R"({"ttl":"1h","policies":["root"]})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, create, R"({"policies":["shop"]})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, create, R"({"ttl":"1h","period":"1h"})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "sys/tools/random", R"({"source":"seal"})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "sys/tools/random", R"({"format":"base64"})"));
  EXPECT_TRUE(may_with(*acl, Operation::update, "sys/tools/random", R"({"format":"hex"})"));
}

}  // namespace
}  // namespace coffer::policy
