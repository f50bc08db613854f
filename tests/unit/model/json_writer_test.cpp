#include "coffer/model/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace coffer::model {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, KeepsPlainText) { EXPECT_EQ(json_of("plain / text ~"), "\"plain / text ~\""); }

TEST(JsonString, EmptyTextIsTwoQuotes) { EXPECT_EQ(json_of(""), "\"\""); }

TEST(JsonString, EscapesQuoteAndBackslash) { EXPECT_EQ(json_of(R"(a"b\c)"), R"("a\"b\\c")"); }

TEST(JsonString, EscapesEveryControlCharacter) {
  for (int byte = 0; byte < 0x20; ++byte) {
    const std::string out = json_of(std::string(1, static_cast<char>(byte)));
    EXPECT_EQ(out[1], '\\') << byte;
    for (const char c : out) EXPECT_GE(c, 0x20) << byte;
  }
  EXPECT_EQ(json_of("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(json_of(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
}

TEST(JsonString, KeepsWellFormedUtf8) {
  const std::string text = "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\x91";
  EXPECT_EQ(json_of(text), "\"" + text + "\"");
}

TEST(JsonString, ReplacesBytesThatAreNoUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(json_of("a\xFFz"), "\"a" + bad + "z\"");
  EXPECT_EQ(json_of("\xC0\xAF"), "\"" + bad + bad + "\"") << "overlong slash";
  EXPECT_EQ(json_of("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"") << "surrogate";
  EXPECT_EQ(json_of("\xF4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"") << "over U+10FFFF";
  EXPECT_EQ(json_of("\xE2\x82"), "\"" + bad + bad + "\"") << "cut short";
  EXPECT_EQ(json_of("\xC3\""), "\"" + bad + "\\\"\"") << "must not swallow the quote";
}

TEST(IsUtf8, AgreesWithWhatStringsKeep) {
  for (const char* text :
       {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x94\x91", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\x7F", "\xDF\xBF", "\xE0\xA0\x80"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_EQ(json_of(text), "\"" + std::string(text) + "\"");
  }
  for (const char* text :
       {"\x80", "\xC1\xBF", "\xC3", "a\xC3", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF5\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xE2\x82z", "\xF0\x9F\x94", "\xFF"}) {
    EXPECT_FALSE(is_utf8(text)) << json_of(text);
  }
}

TEST(JsonWriter, SeparatesMembersAndElements) {
  JsonWriter writer;
  writer.begin_object().key("a").number(1).key("b").begin_array().string("x").null().boolean(true);
  writer.begin_object().end_object().begin_array().end_array().end_array();
  writer.key("c").boolean(false).end_object();
  EXPECT_EQ(writer.view(), R"({"a":1,"b":["x",null,true,{},[]],"c":false})");
}

TEST(JsonWriter, SplicesRawJson) {
  JsonWriter writer;
  writer.begin_object().key("data").raw(R"({"k": 1.0})").key("n").raw("2").end_object();
  EXPECT_EQ(std::move(writer).take(), R"({"data":{"k": 1.0},"n":2})");
}

TEST(JsonWriter, EscapesNames) {
  JsonWriter writer;
  writer.begin_object().key("a\"\n").null().end_object();
  EXPECT_EQ(writer.view(), R"({"a\"\n":null})");
}

TEST(JsonWriter, WritesTheLimitsOfIntegers) {
  JsonWriter writer;
  writer.begin_array().number(std::numeric_limits<std::int64_t>::min());
  writer.number(std::numeric_limits<std::int64_t>::max()).number(0).end_array();
  EXPECT_EQ(writer.view(), "[-9223372036854775808,9223372036854775807,0]");
}

}  // namespace
}  // namespace coffer::model
