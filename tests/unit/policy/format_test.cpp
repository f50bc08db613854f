// How a policy's text is laid out.
#include "coffer/policy/format.h"

#include <gtest/gtest.h>

#include <vector>

#include "coffer/policy/policy.h"
#include "src/policy/lexer.h"

namespace coffer::policy {
namespace {

std::string formatted(std::string_view text) {
  const auto done = format(text);
  return done.ok() ? *done : "refused: " + done.error().text;
}

/// Kinds and texts of all tokens: what a text means.
std::vector<std::string> meaning(std::string_view text) {
  std::vector<std::string> all;
  Lexer lexer(text);
  for (;;) {
    const auto token = lexer.next();
    if (!token.ok()) return {"refused"};
    if (token->kind == TokenKind::end) return all;
    all.push_back(std::to_string(static_cast<int>(token->kind)) + token->text);
  }
}

TEST(Format, IndentsAndSpaces) {
  EXPECT_EQ(formatted("path   \"a/*\"{\ncapabilities=[ \"read\",\"list\" ]\n   }"),
            "path \"a/*\" {\n  capabilities = [\"read\", \"list\"]\n}\n");
}

TEST(Format, PutsNeighbouringAssignmentsUnderEachOther) {
  EXPECT_EQ(formatted("path \"a\" {\n capabilities = [\"read\"]\n min_wrapping_ttl = \"1s\"\n\n"
                      " a = 1\n}\n"),
            "path \"a\" {\n"
            "  capabilities     = [\"read\"]\n"
            "  min_wrapping_ttl = \"1s\"\n"
            "\n"
            "  a = 1\n"
            "}\n");
}

TEST(Format, WhatGoesOnInTheNextLineStandsForItself) {
  EXPECT_EQ(formatted("path \"a\" {\ncapabilities = [\n\"read\",\n\"list\",\n]\nx = 1\n"
                      "allowed_parameters = {\n\"k\" = []\n\"longer\" = [\"v\"]\n}\n}\n"),
            "path \"a\" {\n"
            "  capabilities = [\n"
            "    \"read\",\n"
            "    \"list\",\n"
            "  ]\n"
            "  x = 1\n"
            "  allowed_parameters = {\n"
            "    \"k\"      = []\n"
            "    \"longer\" = [\"v\"]\n"
            "  }\n"
            "}\n");
}

TEST(Format, CommentsStayWhereTheyAre) {
  EXPECT_EQ(
      formatted(
          "# who\npath \"a\" {   // what\n/* why\n   indeed */\ncapabilities=[\"read\"]# so  \n"
          "}\n# end"),
      "# who\n"
      "path \"a\" { // what\n"
      "  /* why\n   indeed */\n"
      "  capabilities = [\"read\"] # so\n"
      "}\n"
      "# end\n");
}

TEST(Format, NoTwoEmptyLinesAndNoneAtTheEdges) {
  EXPECT_EQ(
      formatted("\n\n\npath \"a\" {\n\n\n  x = 1\n\n\n\n  y = 2\n\n}\n\n\n\npath \"b\" {}\n\n\n"),
      "path \"a\" {\n  x = 1\n\n  y = 2\n}\n\npath \"b\" {}\n");
  EXPECT_EQ(formatted(""), "");
  EXPECT_EQ(formatted("\n \n"), "");
}

TEST(Format, LinesAreNeitherSplitNorJoined) {
  const std::string one = "path \"a\" { capabilities = [\"read\"] }\n";
  EXPECT_EQ(formatted(one), one);
}

TEST(Format, WhatStringsHoldIsLeftAlone) {
  const std::string odd =
      "path \"a  # {b\\\"c\" {\n  comment = <<-END\n      kept  as { it\n\n\n      is\n      "
      "END\n}\n";
  EXPECT_EQ(formatted(odd), odd);
}

TEST(Format, ReturnsAndTabsGo) {
  EXPECT_EQ(formatted("path \"a\" {\r\n\tx = 1\r\n}\r\n"), "path \"a\" {\n  x = 1\n}\n");
}

TEST(Format, MeaningStaysAndASecondTimeChangesNothing) {
  const std::string texts[] = {
      std::string(default_policy_text()),
      "path \"a\" { capabilities = [\"read\"]\n allowed_parameters = { \"x\" = [ 1,\n2 ] } }",
      "name=\"x\",path \"b\"{policy=\"write\"}",
      "path \"a\" { x = { y = { z = [ [ ], [ 1 , 2 ] ]\n} }\n}",
      "path \"a\"\n{\nx =\n1\n}",
      "x = -0x1F /* a */ /* b */ y = 1e3",
  };
  for (const std::string& text : texts) {
    const auto once = format(text);
    ASSERT_TRUE(once.ok()) << text << ": " << once.error().text;
    EXPECT_EQ(meaning(*once), meaning(text)) << text;
    EXPECT_EQ(formatted(*once), *once) << text;
  }
}

TEST(Format, WhatIsNoHclIsRefusedWithItsLine) {
  EXPECT_EQ(formatted("path \"a\" {\n x = \n}"),
            "refused: policy line 3: \"}\" where a value is wanted");
  EXPECT_FALSE(format("path \"a\" { /* no end").ok());
  EXPECT_FALSE(format(std::string(300 * 1024, '\n')).ok());
  EXPECT_FALSE(format(R"({"path":{}})").ok()) << "JSON has its own formatters";
}

}  // namespace
}  // namespace coffer::policy
