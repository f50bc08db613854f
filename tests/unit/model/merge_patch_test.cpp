// RFC 7396's own examples (appendix A), and the leaves of a tree.
#include "coffer/model/merge_patch.h"

#include <gtest/gtest.h>

#include <chrono>

namespace coffer::model {
namespace {

Json parsed(std::string_view text) { return *Json::parse(text); }

std::string patched(std::string_view target, std::string_view patch) {
  return merge_patch(parsed(target), parsed(patch)).compact();
}

struct Example {
  std::string_view target, patch, result;
};

TEST(MergePatch, GivesWhatAppendixASays) {
  constexpr Example kExamples[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const Example& example : kExamples) {
    EXPECT_EQ(patched(example.target, example.patch), example.result)
        << example.target << " with " << example.patch;
  }
}

TEST(MergePatch, GivesWhatTheIntroductionsExampleSays) {
  EXPECT_EQ(patched(R"({"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},)"
                    R"("tags":["example","sample"],"content":"This will be unchanged"})",
                    R"({"title":"Hello!","phoneNumber":"+01-123-456-7890",)"
                    R"("author":{"familyName":null},"tags":["example"]})"),
            R"({"title":"Hello!","author":{"givenName":"John"},"tags":["example"],)"
            R"("content":"This will be unchanged","phoneNumber":"+01-123-456-7890"})");
}

TEST(MergePatch, KeepsTheDigitsOfNumbers) {
  EXPECT_EQ(patched(R"({"a":1.50,"b":123456789012345678901234567890})", R"({"c":0.10})"),
            R"({"a":1.50,"b":123456789012345678901234567890,"c":0.10})");
}

TEST(MergePatch, TakesNoLongerForWideObjects) {
  std::string wide("{");
  for (int i = 0; i < 50'000; ++i) wide += "\"" + std::to_string(i) + "\":0,";
  wide.back() = '}';
  const Json target = parsed(wide);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(merge_patch(target, target).members().size(), 50'000U);
  // The product of both sizes would be 2,500,000,000 comparisons.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(NullLeaves, KeepsNamesAndShapeAlone) {
  const Json tree = parsed(R"({"a":"x","b":{"c":1,"d":{"e":[{"f":1}]}},"g":[],"h":{},"i":null})");
  EXPECT_EQ(null_leaves(tree, 0).compact(),
            R"({"a":null,"b":{"c":null,"d":{"e":null}},"g":null,"h":{},"i":null})");
}

TEST(NullLeaves, CutsBelowADepth) {
  const Json tree = parsed(R"({"a":{"b":{"c":1}},"d":{}})");
  EXPECT_EQ(null_leaves(tree, 1).compact(), R"({"a":null,"d":null})");
  EXPECT_EQ(null_leaves(tree, 2).compact(), R"({"a":{"b":null},"d":{}})");
  EXPECT_EQ(null_leaves(tree, 9).compact(), R"({"a":{"b":{"c":null}},"d":{}})");
}

}  // namespace
}  // namespace coffer::model
