#include "src/core/leak_values.h"

#include <gtest/gtest.h>

#include <vector>

namespace coffer::core {
namespace {

std::vector<std::pair<std::string, std::string>> strings_of(std::string_view json) {
  std::vector<std::pair<std::string, std::string>> all;
  each_string(json, [&](std::string_view pointer, std::string_view value) {
    all.emplace_back(pointer, value);
    return true;
  });
  return all;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(LeakValues, EachStringIsToldWithItsPointer) {
  EXPECT_EQ(strings_of(R"({"a":"x","b":{"c":["y",{"d":"z"}],"e":7},"f":null,"g":true})"),
            (Pairs{{"/a", "x"}, {"/b/c/0", "y"}, {"/b/c/1/d", "z"}, {"/b/e", "7"}}));
}

TEST(LeakValues, NumbersAreTheirText) {
  EXPECT_EQ(strings_of(R"({"a":9182736455463728,"b":[-0.123456789012,98765432109876543210987]})"),
            (Pairs{{"/a", "9182736455463728"},
                   {"/b/0", "-0.123456789012"},
                   {"/b/1", "98765432109876543210987"}}));
}

TEST(LeakValues, NamesAreEscapedAsInRfc6901) {
  EXPECT_EQ(strings_of(R"({"a/b":"1","m~n":"2","":"3","~1":"4"})"),
            (Pairs{{"/a~1b", "1"}, {"/m~0n", "2"}, {"/", "3"}, {"/~01", "4"}}));
}

TEST(LeakValues, EscapesAreUndone) {
  EXPECT_EQ(strings_of(R"({"a":"l1\nl2\u00e9"})"), (Pairs{{"/a", "l1\nl2\u00e9"}}));
}

TEST(LeakValues, WhatIsNoJsonHasNone) {
  EXPECT_TRUE(strings_of("").empty());
  EXPECT_TRUE(strings_of("no json").empty());
  EXPECT_TRUE(strings_of(R"({"a":"x")").empty());
}

TEST(LeakValues, StopsWhenTold) {
  std::size_t seen = 0;
  each_string(R"({"a":["1","2","3"],"b":"4"})",
              [&](std::string_view, std::string_view) { return ++seen < 2; });
  EXPECT_EQ(seen, 2U);
}

TEST(LeakValues, ALongPointerIsCutBetweenCharacters) {
  std::string name = "x";
  for (int i = 0; i < 200; ++i) name += "\u00e9";
  const auto all = strings_of("{\"" + name + "\":\"v\"}");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_LE(all[0].first.size(), 256U);
  EXPECT_GT(all[0].first.size(), 250U);
  EXPECT_EQ(all[0].first, ("/" + name).substr(0, all[0].first.size()));
  EXPECT_EQ(all[0].first.size() % 2, 0U) << "a slash, an x, and whole characters of two bytes";
}

TEST(LeakValues, EndsAndLineEndsAreMadeAlike) {
  EXPECT_EQ(canonical_value("  a b\t\n"), "a b");
  EXPECT_EQ(canonical_value("a\r\nb\r\n"), "a\nb");
  EXPECT_EQ(canonical_value("a\rb"), "a\rb");
  EXPECT_EQ(canonical_value(" \n"), "");
  EXPECT_EQ(canonical_value(""), "");
}

}  // namespace
}  // namespace coffer::core
