#include "src/cli/arguments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace coffer::cli {
namespace {

const std::vector<Flag> kFlags{{"field", FlagKind::text, ""},
                               {"version", FlagKind::number, ""},
                               {"cas", FlagKind::number, ""},
                               {"force", FlagKind::boolean, ""},
                               {"f", FlagKind::boolean, ""}};

Result<Arguments> parse(std::vector<std::string> words) { return parse_arguments(kFlags, words); }

using Words = std::vector<std::string>;

TEST(Arguments, TakesOneDashOrTwoAndBothFormsOfValue) {
  for (const Words& words : {Words{"-field=pw", "p"}, Words{"-field", "pw", "p"},
                             Words{"--field=pw", "p"}, Words{"--field", "pw", "p"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(parsed.ok()) << words.front();
    EXPECT_EQ(parsed->flags.text("field"), "pw");
    EXPECT_EQ(parsed->positional, Words{"p"});
  }
}

// Other parsers read -field as -f with the value "ield=pw", or guess at -fi.
TEST(Arguments, NeverReadsALongFlagAsAShortOneOrAGuess) {
  const auto parsed = parse({"-field=pw", "p"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_FALSE(parsed->flags.has("f"));
  EXPECT_FALSE(parse({"-fiel=pw", "p"}).ok());
  EXPECT_FALSE(parse({"-ff", "p"}).ok());
}

TEST(Arguments, AValueMayLookLikeAFlagOrBeAFlagsName) {
  EXPECT_EQ(parse({"-field", "version", "p"})->flags.text("field"), "version");
  EXPECT_EQ(parse({"-field", "-cas", "p"})->flags.text("field"), "-cas");
  EXPECT_EQ(parse({"-field=a=b", "p"})->flags.text("field"), "a=b");
}

TEST(Arguments, ABooleanTakesNoWordBehindIt) {
  const auto parsed = parse({"-force", "true", "k=v"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->flags.boolean("force"));
  EXPECT_EQ(parsed->positional, (Words{"true", "k=v"}));
  EXPECT_FALSE(parse({"-force=false", "p"})->flags.boolean("force"));
  EXPECT_FALSE(parse({"-force=maybe", "p"}).ok());
}

TEST(Arguments, NumbersAreCheckedAndKeptWhole) {
  EXPECT_EQ(parse({"-cas=0", "p"})->flags.number("cas"), 0);
  EXPECT_EQ(parse({"-cas", "-1", "p"})->flags.number("cas"), -1);
  EXPECT_EQ(parse({"-cas=+5", "p"})->flags.number("cas"), 5);
  EXPECT_EQ(parse({"p"})->flags.number("cas"), std::nullopt);
  for (const char* bad : {"-cas=", "-cas=x", "-cas=1x", "-cas=99999999999999999999"}) {
    EXPECT_FALSE(parse({bad, "p"}).ok()) << bad;
  }
}

TEST(Arguments, FlagsEndAtTheFirstPositionalArgument) {
  const auto parsed = parse({"-f", "p", "-field=x", "-", "k=-v"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_FALSE(parsed->flags.has("field"));
  EXPECT_EQ(parsed->positional, (Words{"p", "-field=x", "-", "k=-v"}));
  EXPECT_EQ(parsed->trailing_flags, Words{"-field=x"});
}

TEST(Arguments, SomeFlagsAreFoundAnywhereBeforeTwoDashes) {
  const auto parsed = parse({"p", "-format=json", "k=v", "-detailed", "-output-curl-string", "--",
                             "-output-policy", "-format=yaml"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->flags.text("format"), "json");
  EXPECT_TRUE(parsed->flags.boolean("detailed"));
  EXPECT_TRUE(parsed->flags.boolean("output-curl-string"));
  EXPECT_FALSE(parsed->flags.has("output-policy"));
  EXPECT_EQ(parsed->positional, (Words{"p", "k=v", "-output-policy", "-format=yaml"}));
  EXPECT_TRUE(parsed->trailing_flags.empty());
}

TEST(Arguments, AnywhereFlagsTakeTheirValueFromTheNextWord) {
  const auto parsed = parse({"p", "-format", "json", "k=v"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->flags.text("format"), "json");
  EXPECT_EQ(parsed->positional, (Words{"p", "k=v"}));
}

TEST(Arguments, TheLastOfARepeatedFlagCountsAndListsCollect) {
  const auto parsed = parse({"-cas=1", "-header=a=b", "-cas=2", "-header", "c=d", "p"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->flags.number("cas"), 2);
  EXPECT_EQ(parsed->flags.list("header"), (Words{"a=b", "c=d"}));
}

TEST(Arguments, AnEmptyTextIsAsIfTheFlagWereAbsent) {
  EXPECT_FALSE(parse({"-field=", "p"})->flags.has("field"));
  EXPECT_FALSE(parse({"-field", "", "p"})->flags.has("field"));
}

TEST(Arguments, ErrorsNameTheFlagAndNeverTheValue) {
  for (const Words& words : {Words{"-passwort=s3cret", "p"}, Words{"-cas=s3cret", "p"},
                             Words{"-force=s3cret", "p"}, Words{"---field=s3cret", "p"}}) {
    const auto parsed = parse(words);
    ASSERT_FALSE(parsed.ok()) << words.front();
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(parsed.error().text.find("s3cret"), std::string::npos) << parsed.error().text;
    EXPECT_NE(parsed.error().text.find(": -"), std::string::npos) << parsed.error().text;
  }
  EXPECT_EQ(parse({"-field"}).error().text, "flag needs an argument: -field");
}

TEST(Arguments, HelpIsAskedForAnywhereBeforeTwoDashes) {
  EXPECT_TRUE(asks_for_help(Words{"kv", "get", "x", "-h"}));
  EXPECT_TRUE(asks_for_help(Words{"--help"}));
  EXPECT_FALSE(asks_for_help(Words{"kv", "put", "x", "--", "-help"}));
  EXPECT_FALSE(asks_for_help(Words{"kv", "put", "x", "k=-h"}));
}

TEST(Arguments, TheCommandWithTheMostWordsIsFound) {
  const std::vector<Command> table{
      {.words = "kv", .synopsis = "", .summary = "", .help = "", .flags = {}},
      {.words = "kv get", .synopsis = "", .summary = "", .help = "", .flags = {}},
      {.words = "read", .synopsis = "", .summary = "", .help = "", .flags = {}}};
  const auto found = find_command(table, Words{"kv", "get", "secret/x"});
  ASSERT_NE(found.command, nullptr);
  EXPECT_EQ(found.command->words, "kv get");
  EXPECT_EQ(found.words, 2U);
  EXPECT_EQ(find_command(table, Words{"kv", "put"}).words, 1U);
  EXPECT_EQ(find_command(table, Words{"kvget"}).command, nullptr);
  EXPECT_EQ(find_command(table, Words{}).command, nullptr);
}

TEST(CommandTable, EveryRowIsCompleteAndNamedOnce) {
  std::vector<std::string_view> names;
  for (const Command& command : all_commands()) {
    EXPECT_NE(command.run, nullptr) << command.words;
    EXPECT_LE(command.least, command.most) << command.words;
    EXPECT_FALSE(command.summary.empty()) << command.words;
    EXPECT_FALSE(command.help.empty()) << command.words;
    names.push_back(command.words);
    for (const Flag& own : command.flags) {
      for (const Flag& common : common_flags()) {
        EXPECT_NE(own.name, common.name) << command.words;
      }
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(CommandTable, TheManualNamesEveryCommandAndFlag) {
  std::string manual;
  for (const char* page : {"coffer.1.scd", "coffer-operator.1.scd", "coffer-leak.1.scd",
                           "coffer-rotation.1.scd", "coffer-evidence.1.scd"}) {
    std::ifstream file(std::string(COFFER_TEST_DATA) + "/../docs/man/" + page);
    manual.append(std::istreambuf_iterator<char>(file), {});
    ASSERT_FALSE(manual.empty()) << page;
  }
  const auto names = [&manual](std::string_view name) {
    return manual.find("*" + std::string(name) + "*") != std::string::npos;
  };
  for (const Command& command : all_commands()) {
    EXPECT_TRUE(names(command.words)) << command.words;
    for (const Flag& flag : command.flags) {
      EXPECT_TRUE(names("-" + std::string(flag.name))) << command.words << " -" << flag.name;
    }
  }
  for (const Flag& flag : common_flags()) EXPECT_TRUE(names("-" + std::string(flag.name)));
}

}  // namespace
}  // namespace coffer::cli
