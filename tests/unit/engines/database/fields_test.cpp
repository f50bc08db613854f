// Statements in the ways that Vault takes them.
#include "src/engines/database/fields.h"

#include <gtest/gtest.h>

#include "coffer/base/bytes.h"
#include "coffer/model/json_writer.h"

namespace coffer::engines::database {
namespace {

Strings taken(std::string_view json) {
  const auto fields = model::Fields::parse(R"({"s":)" + std::string(json) + "}");
  if (!fields.ok()) return {"no fields"};
  const auto given = statements(*fields, "s");
  return given.ok() && *given ? **given : Strings{"refused"};
}

Strings taken_text(std::string_view text) {
  model::JsonWriter json;
  json.string(text);
  return taken(std::move(json).take());
}

constexpr std::string_view kOne = "CREATE ROLE \"{{name}}\"; GRANT a, b TO \"{{name}}\"";
constexpr std::string_view kTwo = R"(["CREATE ROLE \"{{name}}\"","GRANT a TO \"{{name}}\""])";
const Strings kBoth{"CREATE ROLE \"{{name}}\"", "GRANT a TO \"{{name}}\""};

std::string packed(std::string_view text) { return to_base64(as_bytes(text)); }

TEST(DatabaseFields, StatementsComeInEachOfVaultsWays) {
  EXPECT_EQ(taken_text(kOne), Strings{std::string(kOne)});
  EXPECT_EQ(taken(kTwo), kBoth);
  EXPECT_EQ(taken_text(kTwo), kBoth);
  EXPECT_EQ(taken_text(packed(kOne)), Strings{std::string(kOne)});
  EXPECT_EQ(taken_text(packed(kTwo)), kBoth);
  std::string lines = packed(kOne);
  lines.insert(20, "\n");
  EXPECT_EQ(taken_text(lines + "\n"), Strings{std::string(kOne)}) << "as base64(1) breaks it";
}

TEST(DatabaseFields, OfRedisRulesTheArrayIsOneStatement) {
  const std::string rules = R"(["~app:*", "+@read"])";
  EXPECT_EQ(taken_text(rules), Strings{rules});
  EXPECT_EQ(taken_text(packed(rules)), Strings{rules});
}

TEST(DatabaseFields, NoPlainStatementIsTakenForBase64) {
  for (const char* text : {"SELECT", "C", "ABCD", "DROP", "RESETALL", "{{name}}", "[1]",
                           R"(["{{name}}",1])", "[{{name}}]"}) {
    EXPECT_EQ(taken_text(text), Strings{text}) << text;
  }
  EXPECT_EQ(taken_text(packed("\xff{{name}}")), Strings{packed("\xff{{name}}")}) << "no text";
  EXPECT_EQ(taken_text(""), Strings{});
}

}  // namespace
}  // namespace coffer::engines::database
