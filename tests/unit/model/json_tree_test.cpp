#include "coffer/model/json_tree.h"

#include <gtest/gtest.h>

namespace coffer::model {
namespace {

std::string again(std::string_view text) {
  const auto value = Json::parse(text);
  return value.ok() ? value->compact() : "error: " + value.error().text;
}

TEST(JsonTree, ComesOutAsItWentIn) {
  for (const char* text :
       {"null", "true", "false", "0", "-1", R"("")", "[]", "{}", "[[],{}]",
        R"({"z":1,"a":[1,2,{"b":null}]})", R"("\"\\\n\u0001")", "18446744073709551615"}) {
    EXPECT_EQ(again(text), text);
  }
}

TEST(JsonTree, NumbersKeepTheirDigits) {
  for (const char* digits : {"12345678901234567890123", "1.10", "1e300", "-0.0", "0.1000"}) {
    EXPECT_EQ(again(digits), digits);
    EXPECT_EQ(Json::parse(digits)->kind(), Json::Kind::number);
  }
}

TEST(JsonTree, WhatIsNotJsonIsRefusedWithoutBeingQuoted) {
  for (const char* text : {"", "s3cret", R"({"s3cret":)", "[1,]", "{} {}", R"("s3cret)", "01",
                           "nul", "{'a':1}", "\"\xff\"", R"("\ud800")", "// c\n1", "1e400"}) {
    const auto value = Json::parse(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(value.error().text.find("s3cret"), std::string::npos) << value.error().text;
    EXPECT_FALSE(value.error().text.empty());
  }
}

TEST(JsonTree, ANameTwiceInOneObjectIsRefused) {
  EXPECT_FALSE(Json::parse(R"({"a":1,"b":{"c":1,"d":2,"c":3}})").ok());
  EXPECT_FALSE(Json::parse(R"({"a":1,"\u0061":2})").ok());
  EXPECT_TRUE(Json::parse(R"({"a":{"a":1}})").ok());
}

TEST(JsonTree, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Json::parse(nested(kMaxTreeDepth)).ok());
  EXPECT_FALSE(Json::parse(nested(kMaxTreeDepth + 1)).ok());
  EXPECT_FALSE(Json::parse(nested(1'000'000)).ok());
}

TEST(JsonTree, MembersAreFoundByNameAndPath) {
  const auto value = Json::parse(R"({"a":{"b":{"c":"x"},"n":null}})");
  ASSERT_TRUE(value.ok());
  ASSERT_NE(value->find_path({"a", "b", "c"}), nullptr);
  EXPECT_EQ(value->find_path({"a", "b", "c"})->text(), "x");
  EXPECT_EQ(value->find_path({"a", "x", "c"}), nullptr);
  EXPECT_EQ(value->find_path({"a", "n"}), nullptr);
  EXPECT_NE(value->find("a")->find("n"), nullptr);
  EXPECT_EQ(Json::string("a").find("a"), nullptr);
}

TEST(JsonTree, IsBuiltInOrderAndReplacedInPlace) {
  Json object = Json::object();
  object.set("b", Json::number(-5));
  object.set("a", Json::boolean(true));
  Json list = Json::array();
  list.push(Json());
  object.set("b", std::move(list));
  EXPECT_EQ(object.compact(), R"({"b":[null],"a":true})");
}

TEST(JsonTree, PrettyIndentsByTwo) {
  EXPECT_EQ(Json::parse(R"({"a":[1,{}],"b":{"c":null}})")->pretty(),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": null\n  }\n}");
}

}  // namespace
}  // namespace coffer::model
