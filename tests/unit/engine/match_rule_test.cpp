#include <gtest/gtest.h>

#include "coffer/engine/engine.h"

namespace coffer::engine {
namespace {

using model::Operation;

constexpr PathRule kRules[] = {
    {.operation = Operation::read, .pattern = "data/*", .help = "r"},
    {.operation = Operation::update, .pattern = "data/*", .help = "u"},
    {.operation = Operation::read, .pattern = "config", .help = "c"},
};

TEST(MatchRule, FindsByPatternAndOperation) {
  EXPECT_EQ(match_rule(kRules, Operation::read, "data/a/b").rule, &kRules[0]);
  EXPECT_EQ(match_rule(kRules, Operation::update, "data/").rule, &kRules[1]);
  EXPECT_EQ(match_rule(kRules, Operation::read, "config").rule, &kRules[2]);
}

TEST(MatchRule, TellsAnUnknownPathFromAnUnknownVerb) {
  const auto verb = match_rule(kRules, Operation::remove, "data/a");
  EXPECT_EQ(verb.rule, nullptr);
  EXPECT_TRUE(verb.path_known);
  const auto path = match_rule(kRules, Operation::read, "datax/a");
  EXPECT_EQ(path.rule, nullptr);
  EXPECT_FALSE(path.path_known);
}

TEST(MatchRule, PlusIsExactlyOneSegment) {
  constexpr PathRule kRole[] = {
      {.operation = Operation::read, .pattern = "role/+/id", .help = "i"},
      {.operation = Operation::read, .pattern = "role/+/*", .help = "r"},
  };
  const auto fits = [&](std::string_view path) {
    return match_rule(kRole, Operation::read, path).rule;
  };
  EXPECT_EQ(fits("role/app/id"), &kRole[0]);
  EXPECT_EQ(fits("role/app/id/x"), &kRole[1]);
  EXPECT_EQ(fits("role/app/"), &kRole[1]);
  EXPECT_EQ(fits("role//id"), nullptr);
  EXPECT_EQ(fits("role/app"), nullptr);
  EXPECT_EQ(fits("roles/app/id"), nullptr);
}

TEST(MatchRule, ExactPatternsMatchNothingLonger) {
  EXPECT_FALSE(match_rule(kRules, Operation::read, "config/").path_known);
  EXPECT_FALSE(match_rule(kRules, Operation::read, "confi").path_known);
}

}  // namespace
}  // namespace coffer::engine
