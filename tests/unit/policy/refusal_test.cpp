// What isn't a policy: each error names the line, the path, the key and what was wanted.
#include "acl_of.h"

namespace coffer::policy {
namespace {

struct Refused {
  std::string text;
  std::vector<std::string> said;  ///< all of these stand in the error
};

void expect_refused(const std::vector<Refused>& rows) {
  for (const Refused& row : rows) {
    const auto policy = parse("p", row.text);
    ASSERT_FALSE(policy.ok()) << row.text;
    EXPECT_EQ(policy.error().code, ErrorCode::invalid_argument) << row.text;
    for (const std::string& word : row.said) {
      EXPECT_NE(policy.error().text.find(word), std::string::npos)
          << row.text << "\nsays: " << policy.error().text << "\nwanted: " << word;
    }
  }
}

/// A stanza for "a" with `body` from line 2 on.
std::string with(const std::string& body) { return "path \"a\" {\n" + body + "\n}\n"; }

TEST(Refusal, OfUnknownKeysNamesThem) {
  expect_refused({{"paths = {}", {"line 1", "\"paths\""}},
                  {"\n\nrule \"a\" {}", {"line 3", "\"rule\""}},
                  {"Path \"a\" {}", {"\"Path\""}},
                  {with("capability = [\"read\"]"), {"line 2", "\"capability\"", "(path \"a\")"}},
                  {with("\nCapabilities = []"), {"line 3", "\"Capabilities\""}},
                  {with("allow_parameters = {}"), {"\"allow_parameters\""}}});
}

TEST(Refusal, OfKeysGivenTwice) {
  expect_refused({{with("capabilities = [\"read\"]\ncapabilities = [\"deny\"]"),
                   {"line 3", "\"capabilities\"", "twice"}},
                  {with("denied_parameters { a = [] }\ndenied_parameters { b = [] }"), {"twice"}},
                  {"name = \"a\"\nname = \"b\"", {"line 2", "twice"}},
                  {with("allowed_parameters = { Key = [], key = [] }"), {"\"key\"", "twice"}}});
}

TEST(Refusal, OfUnknownWords) {
  expect_refused({{with("capabilities = [\"Read\"]"), {"\"Read\"", "line 2"}},
                  {with("capabilities = [\"write\"]"), {"\"write\""}},
                  {with("capabilities = [\"root\"]"), {"\"root\""}},
                  {with("capabilities = [\"deny\", \"x\"]"), {"\"x\""}},
                  {with("policy = \"admin\""), {"\"admin\"", "read, write, sudo or deny"}}});
}

TEST(Refusal, OfWrongTypesForEveryKey) {
  const std::vector<std::string> strings = {"1", "true", "[\"x\"]", "{ a = 1 }"};
  const std::vector<std::string> lists = {"\"read\"", "1", "true", "{ a = 1 }", "[1]", "[[\"x\"]]"};
  const std::vector<std::string> maps = {
      "\"x\"", "1", "true", "[\"x\"]", "{ a = 1 }", "{ a = \"x\" }", "{ a = { b = 1 } }"};
  const std::vector<std::string> durations = {"true", "[1]", "{ a = 1 }", "\"x\"",
                                              "-1",   "1.5", "\"-1s\""};
  const std::pair<const char*, const std::vector<std::string>&> rows[] = {
      {"policy", strings},
      {"expiration", strings},
      {"list_scan_response_keys_filter_path", strings},
      {"capabilities", lists},
      {"required_parameters", lists},
      {"mfa_methods", lists},
      {"allowed_parameters", maps},
      {"denied_parameters", maps},
      {"min_wrapping_ttl", durations},
      {"max_wrapping_ttl", durations}};
  for (const auto& [key, values] : rows) {
    for (const std::string& value : values) {
      expect_refused({{with(std::string(key) + " = " + value), {"line 2", "(path \"a\")"}}});
    }
  }
  expect_refused({{with("pagination_limit = \"x\""), {"\"pagination_limit\"", "a number"}},
                  {with("control_group = []"), {"\"control_group\"", "an object"}},
                  {"name = 1", {"\"name\"", "a string"}},
                  {"name \"x\" { }", {"\"name\"", "a string"}}});
}

TEST(Refusal, OfPathsThatAreNone) {
  expect_refused({{"path { }", {"path \"...\" { }"}},
                  {"path = \"a\"", {"path \"...\" { }"}},
                  {"path \"a\" \"b\" { }", {"path \"...\" { }"}},
                  {"path \"a\" = { }", {"line 1"}},
                  {stanza("secret/+*", "read"), {"+*"}},
                  {stanza("+*", "read"), {"+*"}},
                  {stanza("a\\u0000b", "read"), {"character"}},
                  {stanza("a\\nb", "read"), {"control character"}},
                  {stanza(std::string(5000, 'a'), "read"), {"4096"}}});
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "a/";
  expect_refused({{stanza(deep, "read"), {"32 segments"}}});
}

TEST(Refusal, OfTemplatesSaysThatThereAreNoIdentities) {
  for (const char* path :
       {"secret/{{identity.entity.id}}/*", "{{identity.groups.names.x.id}}", "a/{{b", "a}}b",
        "secret/{{identity.entity.metadata.*}}", "{{+}}", "{{/}}"}) {
    expect_refused({{stanza(path, "read"), {"identity templates", "{{ }}"}}});
    expect_refused({{stanza(path, "deny"), {"identity templates"}}});
  }
}

TEST(Refusal, OfWhatWouldNarrowAGrantAndIsNotHere) {
  const std::string grant = "capabilities = [\"read\", \"list\"]\n";
  expect_refused(
      {{with(grant + "mfa_methods = [\"totp\"]"), {"\"mfa_methods\"", "line 3"}},
       {with(grant + "pagination_limit = 100"), {"\"pagination_limit\""}},
       {with(grant + "list_scan_response_keys_filter_path = \"{{ .key }}\""),
        {"\"list_scan_response_keys_filter_path\""}},
       {with(grant + "control_group = { ttl = \"4h\" }"), {"\"control_group\""}},
       {with(grant + "control_group { factor \"ops\" { controlled_capabilities = [\"read\"]\n"
                     "identity { group_names = [\"x\"] approvals = 1 } } }"),
        {"\"control_group\""}}});
}

TEST(Refusal, IsNotNeededWhereTheMissingFeatureSaysNothing) {
  const std::string grant = "capabilities = [\"read\", \"list\"]\n";
  for (const char* key :
       {"mfa_methods = []", "pagination_limit = 0", "list_scan_response_keys_filter_path = \"\""}) {
    EXPECT_TRUE(may(*acl_of({with(grant + key)}), Operation::read, "a")) << key;
  }
  for (const char* key :
       {"mfa_methods = [\"x\"]", "pagination_limit = 5", "control_group = { ttl = 60 }",
        "list_scan_response_keys_filter_path = \"{{ .key }}\""}) {
    EXPECT_TRUE(parse("p", with(std::string("capabilities = [\"deny\"]\n") + key).c_str()).ok())
        << key;
  }
}

TEST(Refusal, OfBrokenTextNamesTheLine) {
  expect_refused({{"path \"a\" {", {"line 1", "ends"}},
                  {"path \"a\n\" {}", {"line 1", "quote"}},
                  {"path \"a", {"line 1", "quote"}},
                  {"path \"a\" }", {"\"}\""}},
                  {"}", {"\"}\""}},
                  {"= 3", {"a name"}},
                  {with("capabilities [\"read\"]"), {"line 2", "\"[\""}},
                  {with("capabilities = [\"read\" \"list\"]"), {"line 2", "\"list\""}},
                  {with("capabilities = [,]"), {"\",\""}},
                  {with("capabilities = read"), {"\"read\""}},
                  {with("capabilities ="), {"line 3", "a value"}},
                  {with("capabilities"), {"line 3"}},
                  {"\n/* path \"a\" {}", {"line 2", "comment"}},
                  {"/ x", {"unexpected character"}},
                  {"path 'a' {}", {"unexpected character"}},
                  {"path \"a\" {} ;", {"unexpected character \";\""}},
                  {R"(path "\q" {})", {"escape"}},
                  {R"(path "\x4" {})", {"escape"}},
                  {R"(path "\xff" {})", {"escape"}},
                  {R"(path "\uD800" {})", {"escape"}},
                  {R"(path "\U00110000" {})", {"escape"}},
                  {R"(path "\8" {})", {"escape"}},
                  {"path \"\\", {"escape"}},
                  {with("comment = 0x"), {"\"0x\"", "number"}},
                  {with("comment = 09"), {"\"09\""}},
                  {with("comment = 1e999"), {"\"1e999\""}},
                  {with("comment = 1x"), {"\"1x\""}},
                  {with("comment = <EOF"), {"\"<\""}},
                  {with("comment = <<"), {"<<"}},
                  {with("comment = <<A B\nA B"), {"<<"}},
                  {with("comment = <<EOF\nx"), {"line 2", "<<EOF"}}});
}

TEST(Refusal, OfBytesThatAreNoText) {
  expect_refused({{"path \"\xff\" {}", {"UTF-8"}},
                  {std::string("path \"a\0\" {}", 12), {"NUL"}},
                  {"\xEF\xBB\xBFpath \"a\" {}", {"unexpected character"}}});
}

TEST(Refusal, CountsLinesThroughCommentsAndHeredocs) {
  const std::string text =
      "# 1\n/* 2\n3 */ // 3\npath \"a\" {\n  comment = <<EOF\n6\n7\nEOF\n  nonsense = 1\n}\n";
  expect_refused({{text, {"line 9", "\"nonsense\""}}});
}

TEST(Refusal, QuotesNothingThatCouldPassForMoreOfTheError) {
  EXPECT_EQ(error_of("a\xC3\xA4 = 1").find('\xC3'), std::string::npos);
  const std::string error = error_of("\"x\\u001b[31m\\n\\\"y\" = 1");
  EXPECT_NE(error.find("\"x?[31m??y\""), std::string::npos) << error;
  EXPECT_LT(error_of(std::string(3000, 'k') + " = 1").size(), 300U);
}

TEST(Refusal, OfTextBeyondItsBounds) {
  const auto large = parse("p", std::string(256 * 1024 + 1, ' '));
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, ErrorCode::too_large);
  EXPECT_TRUE(parse("p", std::string(256 * 1024, ' ')).ok());

  std::string many;
  for (int i = 0; i < 5000; ++i) many += "path \"" + std::to_string(i) + "\" {}\n";
  EXPECT_TRUE(parse("p", many).ok());
  EXPECT_NE(error_of(many + "path \"one more\" {}").find("5000"), std::string::npos);

  for (const char* open : {"[", "{ a = "}) {
    std::string nested = "comment = ";
    for (int i = 0; i < 50'000; ++i) nested += open;
    EXPECT_NE(error_of(with(nested.substr(0, 200'000))).find("deep"), std::string::npos);
  }
  std::string names = "allowed_parameters = {";
  for (int i = 0; i < 1001; ++i) names += " k" + std::to_string(i) + " = []";
  EXPECT_NE(error_of(with(names + "}")).find("1000"), std::string::npos);
  std::string values = "allowed_parameters = { k = [";
  for (int i = 0; i < 1001; ++i) values += "1,";
  EXPECT_NE(error_of(with(values + "] }")).find("1000"), std::string::npos);
}

}  // namespace
}  // namespace coffer::policy
