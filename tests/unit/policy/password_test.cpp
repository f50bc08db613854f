// Password policies: what is one, what isn't, and what a password must have.
#include "coffer/policy/password.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace coffer::policy {
namespace {

constexpr const char* kOfVaultsPage = R"(length = 20

rule "charset" {
  charset = "abcdefghijklmnopqrstuvwxyz"
  min-chars = 1
}
rule "charset" {
  charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
  min-chars = 1
}
rule "charset" {
  charset = "0123456789"
  min-chars = 1
}
rule "charset" {
  charset = "!@#$%^&*"
  min-chars = 1
}
)";

std::string refusal(std::string_view text) {
  const auto parsed = parse_password_policy(text);
  EXPECT_FALSE(parsed.ok()) << text;
  if (parsed.ok()) return {};
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument) << text;
  return parsed.error().text;
}

void expect_refused(std::string_view text, std::string_view part) {
  const std::string why = refusal(text);
  EXPECT_NE(why.find(part), std::string::npos) << text << ": " << why;
}

TEST(PasswordPolicyText, ReadsTheExampleOfVaultsPage) {
  const auto policy = parse_password_policy(kOfVaultsPage);
  ASSERT_TRUE(policy.ok()) << policy.error().text;
  EXPECT_EQ(policy->length, 20U);
  EXPECT_EQ(policy->charset.size(), 26U + 26 + 10 + 8);
  ASSERT_EQ(policy->rules.size(), 4U);
  EXPECT_EQ(policy->rules[2].charset, "0123456789");
  EXPECT_EQ(policy->rules[2].min_chars, 1U);
}

TEST(PasswordPolicyText, ReadsTheJsonFormInBothSpellings) {
  for (const char* text : {
           R"({"length": 8, "rule": [{"charset": {"charset": "ba", "min-chars": 2}},
                                     {"charset": {"charset": "c"}}]})",
           R"({"length": 8, "rule": {"charset": [{"charset": "ba", "min-chars": 2},
                                                 {"charset": "c"}]}})",
       }) {
    const auto policy = parse_password_policy(text);
    ASSERT_TRUE(policy.ok()) << policy.error().text;
    ASSERT_EQ(policy->rules.size(), 2U);
    EXPECT_EQ(policy->rules[0].charset, "ab");
    EXPECT_EQ(policy->rules[0].min_chars, 2U);
    EXPECT_EQ(policy->rules[1].min_chars, 0U) << "that is what it is when it isn't said";
    EXPECT_EQ(policy->charset, "abc");
  }
}

TEST(PasswordPolicyText, ACharacterCountsOnceHoweverOftenItStandsThere) {
  const auto policy = parse_password_policy(
      R"(length = 4 rule "charset" { charset = "aaab" } rule "charset" { charset = "bbbc" })");
  ASSERT_TRUE(policy.ok());
  EXPECT_EQ(policy->rules[0].charset, "ab");
  EXPECT_EQ(policy->charset, "abc");
}

TEST(PasswordPolicyText, RefusesWhatIsNoPolicyAndSaysWhere) {
  const std::string rule = " rule \"charset\" { charset = \"ab\" }";
  expect_refused("", "length");
  expect_refused(rule, "\"length\" is missing");
  expect_refused("length = 8", "no rule");
  for (const char* length : {"3", "101", "-4", "0", "1.5", "\"8\"", "true", "[8]"}) {
    expect_refused("length = " + std::string(length) + rule, "\"length\" must be");
  }
  expect_refused("length = 1e1000" + rule, "line 1");
  expect_refused("length = 8 length = 9" + rule, "twice");
  expect_refused("length = 8\n\nlenght = 9" + rule, "line 3: unknown key \"lenght\"");
  expect_refused("length = 8 rule \"words\" { charset = \"ab\" }", "unknown rule \"words\"");
  expect_refused("length = 8 rule { charset = \"ab\" }", "rule \"charset\" { }");
  expect_refused("length = 8 rule \"charset\" \"x\" { charset = \"ab\" }", "rule \"charset\" { }");
  expect_refused("length = 8 rule \"charset\" { }", "without \"charset\"");
  expect_refused("length = 8 rule \"charset\" {", "the text ends");
  for (const char* wrong : {"\"\"", "7", "[\"ab\"]", "\"a\\u00e4\"", "\"a\\n\"", "\"a\\x7f\""}) {
    expect_refused("length = 8 rule \"charset\" { charset = " + std::string(wrong) + " }",
                   "\"charset\" must be");
  }
  for (const char* wrong : {"-1", "101", "1.5", "\"1\"", "false", "99999999999999999999"}) {
    expect_refused(
        "length = 8 rule \"charset\" { charset = \"ab\" min-chars = " + std::string(wrong) + " }",
        "\"min-chars\" must be");
  }
  expect_refused("length = 8 rule \"charset\" { charset = \"ab\" charset = \"cd\" }", "twice");
  expect_refused("length = 8 rule \"charset\" { charset = \"ab\" min_chars = 1 }", "min_chars");
  expect_refused("{\"length\": 8, \"rule\": [7]}", "rule");
}

TEST(PasswordPolicyText, RefusesRulesThatNoPasswordCanMeet) {
  expect_refused(R"(length = 4 rule "charset" { charset = "ab" min-chars = 3 }
                    rule "charset" { charset = "cd" min-chars = 2 })",
                 "ask for 5 characters");
  std::string many = "length = 8";
  for (int i = 0; i < 101; ++i) many += " rule \"charset\" { charset = \"ab\" }";
  expect_refused(many, "100 rules");
}

TEST(PasswordPolicyText, APasswordNeedsEnoughOfEachSet) {
  const auto policy = parse_password_policy(R"(length = 4 rule "charset" { charset = "ab" }
      rule "charset" { charset = "01" min-chars = 2 } rule "charset" { charset = "-" min-chars = 1 })");
  ASSERT_TRUE(policy.ok());
  EXPECT_TRUE(policy->met_by("a01-"));
  EXPECT_TRUE(policy->met_by("00--"));
  EXPECT_FALSE(policy->met_by("aa0-"));
  EXPECT_FALSE(policy->met_by("a010"));
  EXPECT_FALSE(policy->met_by(""));
}

TEST(PasswordPolicyText, TheDefaultIsWhatItsTextWouldBe) {
  const auto same = parse_password_policy(R"(length = 20
      rule "charset" { charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" min-chars = 1 }
      rule "charset" { charset = "abcdefghijklmnopqrstuvwxyz" min-chars = 1 }
      rule "charset" { charset = "0123456789" min-chars = 1 }
      rule "charset" { charset = "-" min-chars = 1 })");
  ASSERT_TRUE(same.ok());
  const PasswordPolicy& built_in = default_password_policy();
  EXPECT_EQ(built_in.length, same->length);
  EXPECT_EQ(built_in.charset, same->charset);
  ASSERT_EQ(built_in.rules.size(), same->rules.size());
  for (std::size_t i = 0; i < same->rules.size(); ++i) {
    EXPECT_EQ(built_in.rules[i].charset, same->rules[i].charset);
    EXPECT_EQ(built_in.rules[i].min_chars, same->rules[i].min_chars);
  }
}

TEST(PasswordPolicyText, EveryExampleOfThePageIsAPolicy) {
  std::ifstream file(COFFER_TEST_DATA "/../docs/password-policies.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  std::size_t found = 0;
  for (const std::string fence : {"\n```hcl\n", "\n```json\n"}) {
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
      at += fence.size();
      const auto policy = parse_password_policy(text.substr(at, text.find("\n```", at) + 1 - at));
      EXPECT_TRUE(policy.ok()) << policy.error().text;
      ++found;
    }
  }
  EXPECT_EQ(found, 2U);
}

}  // namespace
}  // namespace coffer::policy
