// Durations as Vault's clients write them.
#include "coffer/model/duration.h"

#include <gtest/gtest.h>

#include "coffer/model/fields.h"

namespace coffer::model {
namespace {

std::int64_t seconds(std::string_view text) {
  const auto parsed = parse_duration(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? parsed->count() : -999;
}

TEST(Duration, ReadsSecondsAndGosUnits) {
  EXPECT_EQ(seconds(""), 0);
  EXPECT_EQ(seconds("0"), 0);
  EXPECT_EQ(seconds("90"), 90);
  EXPECT_EQ(seconds("90s"), 90);
  EXPECT_EQ(seconds("1h30m"), 5400);
  EXPECT_EQ(seconds("1h0m0s"), 3600);
  EXPECT_EQ(seconds("1.5h"), 5400);
  EXPECT_EQ(seconds("7d"), 604'800);
  EXPECT_EQ(seconds("-1s"), -1);
  EXPECT_EQ(seconds("-1"), -1);
  EXPECT_EQ(seconds("+5m"), 300);
}

TEST(Duration, PartsOfASecondCountAsAWholeOne) {
  EXPECT_EQ(seconds("1ns"), 1);
  EXPECT_EQ(seconds("500ms"), 1);
  EXPECT_EQ(seconds("1500ms"), 2);
  EXPECT_EQ(seconds("2000ms"), 2);
  EXPECT_EQ(seconds("-500ms"), -1);
  EXPECT_EQ(seconds("0.1h"), 360);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"-",
                           "+",
                           "h",
                           "1x",
                           "1h30",
                           "1 h",
                           " 1h",
                           "1h ",
                           "--1s",
                           "1.2.3s",
                           ".",
                           "1e3s",
                           "inf",
                           "nan",
                           "0x10",
                           "1h-1m",
                           "9999999999999999999999h",
                           "876001h",
                           "-876001h",
                           "s1",
                           "1s\n"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(seconds("876000h"), kLongestDuration.count());
}

TEST(Duration, ARefusalDoesNotQuote) {
  EXPECT_EQ(parse_duration("1canary").error().text.find("canary"), std::string::npos);
}

TEST(Duration, PrintsAsGoDoes) {
  using std::chrono::seconds;
  EXPECT_EQ(to_text(seconds(0)), "0s");
  EXPECT_EQ(to_text(seconds(59)), "59s");
  EXPECT_EQ(to_text(seconds(60)), "1m0s");
  EXPECT_EQ(to_text(seconds(3600)), "1h0m0s");
  EXPECT_EQ(to_text(seconds(12'345)), "3h25m45s");
  EXPECT_EQ(to_text(seconds(-1)), "-1s");
  EXPECT_EQ(to_text(seconds(-3661)), "-1h1m1s");
}

TEST(Duration, AFieldIsANumberOrAString) {
  const auto fields = *Fields::parse(R"({"n":90,"s":"1m","neg":-1,"b":true,"a":[1],"o":{},"x":"y",)"
                                     R"("e":1e3,"null":null})");
  EXPECT_EQ((*fields.duration("n"))->count(), 90);
  EXPECT_EQ((*fields.duration("s"))->count(), 60);
  EXPECT_EQ((*fields.duration("neg"))->count(), -1);
  EXPECT_FALSE(fields.duration("none")->has_value());
  EXPECT_FALSE(fields.duration("null")->has_value());
  for (const char* name : {"b", "a", "o", "x", "e"}) {
    const auto refused = fields.duration(name);
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_NE(refused.error().text.find(std::string("\"") + name + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace coffer::model
