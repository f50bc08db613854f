// What is taken out of a text to be looked for: a value is found however it is written down.
#include "src/cli/candidates.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace coffer::cli {
namespace {

/// Each candidate with the line that it first came from.
std::map<std::string, std::size_t> candidates(std::string_view text) {
  std::map<std::string, std::size_t> all;
  each_candidate(text, [&](std::string_view value, std::size_t line) { all.emplace(value, line); });
  return all;
}

constexpr const char* kValue = "k3J9xQ2mZ8rT";

TEST(Candidates, AValueIsFoundHoweverItIsWritten) {
  const std::string value = kValue;
  for (const std::string& text :
       {value, " " + value + " ", "password=" + value, "password = \"" + value + "\"",
        "password: '" + value + "'", "{\"password\":\"" + value + "\",\"user\":\"x\"}",
        "[\"" + value + "\",1]", "postgresql://app:" + value + "@db/x", "export P=" + value + ";",
        "curl -H \"X-Key: " + value + "\"", "<p>" + value + "</p>", "f(" + value + ")",
        "?key=" + value + "&a=b", "+password=" + value, "`" + value + "`", "a|" + value + "|b",
        "a\t" + value + "\tb", "- " + value, "\r\n" + value + "\r\n"}) {
    EXPECT_TRUE(candidates(text).contains(value)) << text;
  }
}

TEST(Candidates, ValuesThatHoldSeparatorsAreFoundToo) {
  for (const std::string value :
       {"a=b:c;d,e f/g@h", "it's \"quoted\" inside", "wJalrXUtnFEMI/K7MDENG==", "pa ss wo rd 12"}) {
    EXPECT_TRUE(candidates(value).contains(value)) << value;
    EXPECT_TRUE(candidates("password=" + value).contains(value)) << value;
    EXPECT_TRUE(candidates("password: " + value + ",").contains(value)) << value;
  }
  EXPECT_TRUE(candidates("x = 'a=b:c;d,e f/g@h'").contains("a=b:c;d,e f/g@h"));
}

TEST(Candidates, EscapesInStringsAreUndone) {
  EXPECT_TRUE(candidates(R"({"p":"one\ntwo three four"})").contains("one\ntwo three four"));
  EXPECT_TRUE(candidates(R"({"p":"a\"b\\c\/d-efghijk"})").contains("a\"b\\c/d-efghijk"));
  EXPECT_TRUE(candidates(R"({"p":"caf\u00e9-caf\u00e9-x"})").contains("caf\u00e9-caf\u00e9-x"));
  EXPECT_TRUE(candidates(R"({"p":"broken \u00 escape x"})").size() > 1);
}

TEST(Candidates, APemBlockIsOneValue) {
  const std::string block =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\nabc=\n-----END PRIVATE KEY-----";
  const auto all = candidates("# a key\n" + block + "\n" + block + "\nrest\n");
  ASSERT_TRUE(all.contains(block));
  EXPECT_EQ(all.at(block), 2U);
  EXPECT_FALSE(candidates("-----BEGIN X-----\nnever closed").contains("-----BEGIN X-----\nnever"));
}

TEST(Candidates, APemBlockIsFoundBehindAMargin) {
  const std::string block =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\nabc=\n-----END PRIVATE KEY-----";
  const auto behind = [&](const std::string& first, const std::string& others) {
    std::string text = "key: |\n" + first;
    for (const char c : block) text += c == '\n' ? "\n" + others : std::string(1, c);
    return text + "\nrest: 1\n";
  };
  for (const auto& [first, others] : std::map<std::string, std::string>{{"    ", "    "},
                                                                        {"\t", "\t"},
                                                                        {"# ", "# "},
                                                                        {"> > ", "> > "},
                                                                        {"+      ", "+      "},
                                                                        {"key=", ""},
                                                                        {"k: \"", "     "}}) {
    const auto all = candidates(behind(first, others));
    ASSERT_TRUE(all.contains(block)) << first;
    EXPECT_EQ(all.at(block), 2U) << first;
  }
}

TEST(Candidates, ASignOfADiffHidesNothing) {
  const std::string value = kValue;
  for (const std::string first :
       {"+", "-", " ", "++", "--", " +", "- ", "+\xEF\xBB\xBF", "++\xEF\xBB\xBF", "\xEF\xBB\xBF"}) {
    for (const std::string last : {"", "\r", " and more", ";", "=x"}) {
      const auto all = candidates("@@ -0,0 +1 @@\n" + first + value + last + "\n");
      ASSERT_TRUE(all.contains(value)) << first << last;
      EXPECT_EQ(all.at(value), 2U) << first << last;
    }
    const std::string words = "two words are one";
    EXPECT_TRUE(candidates(first + words).contains(words)) << first;
  }
  const std::string dashed = "-" + value;
  for (const char* first : {"", "+", "-", "+ ", " +"}) {
    EXPECT_TRUE(candidates(first + dashed).contains(dashed)) << first;
  }
}

TEST(Candidates, OnlySoManySignsAreTaken) {
  std::size_t seen = 0;
  each_candidate(std::string(1'000, '+'), [&](std::string_view, std::size_t) { ++seen; });
  EXPECT_LT(seen, 20U);
  EXPECT_FALSE(candidates("+++" + std::string(kValue)).contains(kValue));
}

TEST(Candidates, LinesAreCountedFromOne) {
  const auto all = candidates("first line here\n\nk3J9xQ2mZ8rT\nlast line here");
  EXPECT_EQ(all.at("first line here"), 1U);
  EXPECT_EQ(all.at("k3J9xQ2mZ8rT"), 3U);
  EXPECT_EQ(all.at("last line here"), 4U);
}

TEST(Candidates, ShortAndHugeTextsAreNone) {
  EXPECT_TRUE(candidates("").empty());
  EXPECT_TRUE(candidates("elevenbytes").empty());
  EXPECT_EQ(candidates("twelve_bytes").size(), 1U);
  const std::string huge(kMostCandidate + 1, 'x');
  EXPECT_TRUE(candidates(huge).empty());
  EXPECT_TRUE(candidates(huge + " " + kValue).contains(kValue));
}

TEST(Candidates, TimeGrowsWithTheTextAlone) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "'\"`-----BEGIN ";
  std::size_t seen = 0;
  each_candidate(text, [&](std::string_view, std::size_t) { ++seen; });
  EXPECT_LT(seen, 4'000'000U);
}

}  // namespace
}  // namespace coffer::cli
