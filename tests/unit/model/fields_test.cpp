#include "coffer/model/fields.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::model {
namespace {

using namespace std::string_literals;

Fields fields(std::string text) {
  auto parsed = Fields::parse(std::move(text));
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().text);
  return parsed.ok() ? *std::move(parsed) : Fields();
}

std::string refusal(std::string text) {
  const auto parsed = Fields::parse(std::move(text));
  return parsed.ok() ? "accepted" : parsed.error().text;
}

template <typename T>
std::string error_of(const Result<T>& result) {
  return result.ok() ? "accepted" : result.error().text;
}

TEST(FieldsParse, NothingBlankAndNullAreTheEmptyObject) {
  for (const char* text : {"", " ", "\r\n\t ", "null", " null\n", "{}", " { } "}) {
    const Fields empty = fields(text);
    EXPECT_TRUE(empty.empty()) << text;
    EXPECT_EQ(empty.text(), "{}") << text;
    EXPECT_TRUE(empty.names().empty()) << text;
    EXPECT_FALSE(empty.has("a")) << text;
  }
}

TEST(FieldsParse, RefusesAnythingButAnObject) {
  for (const char* text : {"1", "-1", "1.5", "\"a\"", "[]", "[{}]", "true", "false"}) {
    EXPECT_TRUE(refusal(text).starts_with("not a JSON object")) << text << ": " << refusal(text);
  }
}

TEST(FieldsParse, RefusesWhatIsNotJson) {
  for (const char* text : {"{",
                           "}",
                           "{]",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":1.}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":-}",
                           "{\"a\":1e}",
                           "{\"a\":0x1}",
                           "{\"a\":tru}",
                           "{\"a\":True}",
                           "{\"a\":\"\\x41\"}",
                           "{\"a\":\"\\u12\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\t\"}",
                           "{\"a\" 1}",
                           "{,}",
                           "{\"a\":[1,]}",
                           "{\"a\":1}}x",
                           "nul",
                           "nullx",
                           "/**/{}",
                           "{}//",
                           "{\"a\":1 \"b\":2}",
                           "\v{}"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(FieldsParse, RefusesTrailingData) {
  EXPECT_EQ(refusal("{} {}").substr(0, 26), "data after the JSON object");
  EXPECT_EQ(refusal("{\"a\":1}x").substr(0, 26), "data after the JSON object");
  EXPECT_EQ(refusal("null null").substr(0, 26), "data after the JSON object");
}

// nlohmann reads a NUL as the end of the input.
TEST(FieldsParse, RefusesANulAndWhatHidesBehindIt) {
  for (const std::string& text :
       {"\0"s, "{}\0"s, "{}\0garbage"s, "null\0"s, "{\"a\":1\0}"s, "{\"a\":\"\0\"}"s}) {
    EXPECT_NE(refusal(text), "accepted");
  }
}

TEST(FieldsParse, RefusesAByteOrderMark) {
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"), "byte order mark before JSON");
}

TEST(FieldsParse, RefusesInvalidUtf8InValuesAndKeys) {
  for (const char* bytes : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_NE(refusal("{\"a\":\""s + bytes + "\"}"), "accepted");
    EXPECT_NE(refusal("{\""s + bytes + "\":1}"), "accepted");
  }
}

TEST(FieldsParse, RefusesLoneSurrogates) {
  for (const char* escape :
       {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\udc00\\ud800"}) {
    EXPECT_NE(refusal("{\"a\":\""s + escape + "\"}"), "accepted") << escape;
  }
}

TEST(FieldsParse, RefusesANulInKeysButNotInValues) {
  EXPECT_TRUE(refusal(R"({"a\u0000b":1})").starts_with("NUL in a JSON key"));
  EXPECT_TRUE(refusal(R"({"x":{"a\u0000b":1}})").starts_with("NUL in a JSON key"));
  const auto value = fields(R"({"a":"\u0000"})").string("a");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(**value, "\0"s);
}

TEST(FieldsParse, RefusesANumberThatNoDoubleHolds) {
  EXPECT_TRUE(refusal(R"({"a":1e999})").starts_with("JSON number out of range"));
  EXPECT_TRUE(refusal(R"({"a":{"b":[-1e400]}})").starts_with("JSON number out of range"));
  EXPECT_EQ(refusal(R"({"a":1e308})"), "accepted");
}

TEST(FieldsParse, RefusesDuplicateKeysAtEveryLevel) {
  for (const char* text : {R"({"k":1,"k":2})", R"({"k":1,"x":0,"k":1})", R"({"a":{"k":1,"k":2}})",
                           R"({"a":[{"k":1,"z":{},"k":2}]})", R"({"k":1,"\u006b":2})",
                           R"({"k":{"k":1},"k":{}})", R"({"":1,"":2})"}) {
    EXPECT_TRUE(refusal(text).starts_with("duplicate key")) << text << ": " << refusal(text);
  }
}

TEST(FieldsParse, AcceptsOneKeyInSeveralObjects) {
  EXPECT_EQ(refusal(R"({"k":{"k":{"k":1},"l":{"k":2}},"l":[{"k":1},{"k":2}]})"), "accepted");
}

TEST(FieldsParse, FindsADuplicateAmongManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i) text += "\"key" + std::to_string(i) + "\":1,";
  EXPECT_EQ(refusal(text + "\"last\":1}"), "accepted");
  EXPECT_TRUE(refusal(text + "\"key7\":1}").starts_with("duplicate key"));
}

std::string nested(std::size_t levels) {
  std::string text = "{\"a\":";
  for (std::size_t i = 1; i < levels; ++i) text += '[';
  text += '1';
  for (std::size_t i = 1; i < levels; ++i) text += ']';
  return text + '}';
}

TEST(FieldsParse, AllowsDepth32AndRefuses33) {
  EXPECT_EQ(refusal(nested(kMaxJsonDepth)), "accepted");
  EXPECT_TRUE(refusal(nested(kMaxJsonDepth + 1)).starts_with("JSON nested deeper than 32 levels"));
}

TEST(FieldsParse, AMillionOpenBracketsAreRefusedWithoutRecursion) {
  EXPECT_TRUE(refusal("{\"a\":" + std::string(1'000'000, '[')).starts_with("JSON nested deeper"));
  EXPECT_TRUE(refusal(std::string(1'000'000, '[')).starts_with("not a JSON object"));
}

TEST(FieldsParse, RefusesMoreValuesThanAllowedAsTooLarge) {
  std::string text = "{\"a\":[0";
  for (std::size_t i = 0; i < kMaxJsonValues; ++i) text += ",0";
  const auto parsed = Fields::parse(text + "]}");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::too_large);
}

TEST(FieldsParse, ErrorsTellAPositionAndNothingOfTheText) {
  for (const char* text :
       {R"({"hunter2":1,"hunter2":2})", R"({"a":"hunter2)", R"({"a":hunter2})",
        R"({"a":"hunter2\q"})", R"({"hunter2" 1})", R"({"a":1}hunter2)", R"("hunter2")",
        "{\"a\":\"hunter2\xFF\"}", R"({"a":1e9991337})", R"({"hunter2\u0000":1})"}) {
    const auto parsed = Fields::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    const std::string told = describe(parsed.error());
    EXPECT_EQ(told.find("hunter2"), std::string::npos) << told;
    EXPECT_EQ(told.find("1337"), std::string::npos) << told;
    EXPECT_NE(parsed.error().text.find(" at byte "), std::string::npos) << told;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
}

TEST(FieldsString, DecodesEveryEscape) {
  const Fields f = fields(R"({"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\udd11z"})");
  const auto value = f.string("a");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(**value, "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91z");
}

TEST(FieldsString, AbsentAndNullAreNotErrors) {
  const Fields f = fields(R"({"n":null})");
  for (const char* name : {"n", "absent"}) {
    EXPECT_FALSE(f.has(name));
    EXPECT_EQ(*f.string(name), std::nullopt);
    EXPECT_EQ(*f.integer(name), std::nullopt);
    EXPECT_EQ(*f.boolean(name), std::nullopt);
    EXPECT_EQ(*f.strings(name), std::nullopt);
    EXPECT_EQ(*f.raw_object(name), std::nullopt);
    EXPECT_FALSE((*f.object(name)).has_value());
  }
  EXPECT_EQ(f.names(), std::vector<std::string_view>{"n"});
}

TEST(FieldsTypes, AWrongTypeNamesTheFieldAndTheTypeWanted) {
  const Fields f = fields(R"({"s":"hunter2","n":1337.5,"b":true,"o":{},"a":[{}]})");
  EXPECT_EQ(error_of(f.integer("s")), "field \"s\" must be an integer");
  EXPECT_EQ(error_of(f.integer("n")), "field \"n\" must be an integer");
  EXPECT_EQ(error_of(f.integer("b")), "field \"b\" must be an integer");
  EXPECT_EQ(error_of(f.string("n")), "field \"n\" must be a string");
  EXPECT_EQ(error_of(f.string("o")), "field \"o\" must be a string");
  EXPECT_EQ(error_of(f.boolean("s")), "field \"s\" must be true or false");
  EXPECT_EQ(error_of(f.boolean("n")), "field \"n\" must be true or false");
  EXPECT_EQ(error_of(f.object("a")), "field \"a\" must be an object");
  EXPECT_EQ(error_of(f.raw_object("s")), "field \"s\" must be an object");
  EXPECT_EQ(error_of(f.strings("o")), "field \"o\" must be a list of strings");
  EXPECT_EQ(error_of(f.strings("a")), "field \"a\" must be a list of strings");
}

TEST(FieldsInteger, TakesNumbersAndStringsOfDigits) {
  const Fields f =
      fields(R"({"a":7,"b":"7","c":-7,"d":9223372036854775807,"e":-9223372036854775808,"f":-0})");
  EXPECT_EQ(*f.integer("a"), 7);
  EXPECT_EQ(*f.integer("b"), 7);
  EXPECT_EQ(*f.integer("c"), -7);
  EXPECT_EQ(*f.integer("d"), INT64_MAX);
  EXPECT_EQ(*f.integer("e"), INT64_MIN);
  EXPECT_EQ(*f.integer("f"), 0);
}

TEST(FieldsInteger, RefusesFractionsExponentsAndWhatDoesNotFit) {
  for (const char* value : {"1.0", "1e2", "9223372036854775808", "-9223372036854775809",
                            "123456789012345678901234567890", "\"\"", "\"7 \"", "\" 7\"", "\"+7\"",
                            "\"0x7\"", "\"7a\"", "\"9223372036854775808\"", "[7]"}) {
    EXPECT_EQ(error_of(fields("{\"a\":"s + value + "}").integer("a")),
              "field \"a\" must be an integer")
        << value;
  }
}

TEST(FieldsBoolean, TakesBooleansAndTheirNames) {
  const Fields f = fields(R"({"a":true,"b":"true","c":false,"d":"false","e":"True","f":1})");
  EXPECT_EQ(*f.boolean("a"), true);
  EXPECT_EQ(*f.boolean("b"), true);
  EXPECT_EQ(*f.boolean("c"), false);
  EXPECT_EQ(*f.boolean("d"), false);
  EXPECT_FALSE(f.boolean("e").ok());
  EXPECT_FALSE(f.boolean("f").ok());
}

TEST(FieldsStrings, TakesListsAndCommas) {
  const Fields f =
      fields(R"({"a":["x","y,z",""],"b":"x, y,,z ","c":[],"d":"","e":[1,"2",-3],"f":["\u00e9"]})");
  using Strings = std::vector<std::string>;
  EXPECT_EQ(*f.strings("a"), (Strings{"x", "y,z", ""}));
  EXPECT_EQ(*f.strings("b"), (Strings{"x", "y", "z"}));
  EXPECT_EQ(*f.strings("c"), Strings{});
  EXPECT_EQ(*f.strings("d"), Strings{});
  EXPECT_EQ(*f.strings("e"), (Strings{"1", "2", "-3"}));
  EXPECT_EQ(*f.strings("f"), Strings{"\xC3\xA9"});
}

TEST(FieldsStrings, RefusesOtherTypesInTheList) {
  for (const char* value :
       {"[null]", "[true]", "[1.5]", "[[]]", "[{}]", "[\"a\",{}]", "7", "true"}) {
    EXPECT_FALSE(fields("{\"a\":"s + value + "}").strings("a").ok()) << value;
  }
}

TEST(FieldsRawObject, GivesTheClientsOwnBytes) {
  const std::string data = "{ \"x\" :1.00 , \"y\":\"\\u0041}\",\n\"z\":{\"a\":[{}]} }";
  for (const char* space : {"", " ", "\n\t "}) {
    const Fields f = fields("{"s + space + "\"first\"" + space + ":" + space + "12" + space + "," +
                            space + "\"data\"" + space + ":" + space + data + space +
                            ",\"last\":" + space + "-1.5e3" + space + "}");
    EXPECT_EQ(*f.raw_object("data"), data);
    EXPECT_EQ(*f.integer("first"), 12);
    EXPECT_FALSE(f.integer("last").ok());
  }
}

TEST(FieldsRawObject, StaysValidAcrossMoves) {
  Fields first = fields(R"({"d":{}})");
  const std::string_view raw = **first.raw_object("d");
  Fields second = std::move(first);
  Fields third;
  third = std::move(second);
  EXPECT_EQ(raw, "{}");
  EXPECT_EQ((*third.raw_object("d"))->data(), raw.data());
}

TEST(FieldsObject, GivesTheMembersOfAMember) {
  const Fields f = fields(R"({"options":{"cas":2,"deep":{"k":"v"}}})");
  const auto options = f.object("options");
  ASSERT_TRUE(options.ok() && options->has_value());
  EXPECT_EQ(*(**options).integer("cas"), 2);
  EXPECT_EQ((**options).text(), R"({"cas":2,"deep":{"k":"v"}})");
}

TEST(FieldsText, IsWhatTheClientSent) {
  const std::string text = " {\"a\" : 1.0,\"b\":[ ]}\n";
  EXPECT_EQ(fields(text).text(), text);
}

TEST(FieldsSet, AddsAndReplacesStrings) {
  Fields f;
  f.set("version", "2");
  EXPECT_EQ(f.text(), R"({"version":"2"})");
  EXPECT_EQ(*f.integer("version"), 2);
  f.set("quo\"te", "line\nbreak");
  f.set("version", "3");
  EXPECT_EQ(f.text(), R"({"quo\"te":"line\nbreak","version":"3"})");
  EXPECT_EQ(*f.string("quo\"te"), "line\nbreak");
  EXPECT_FALSE(f.empty());
}

TEST(FieldsSet, KeepsTheMembersThatWereParsed) {
  Fields f = fields(R"( { "a" : 1.50 , "o" : {"x":1} } )");
  f.set("n", "v");
  EXPECT_EQ(f.text(), R"( { "a" : 1.50 , "o" : {"x":1},"n":"v"})");
  EXPECT_EQ(*f.raw_object("o"), R"({"x":1})");
  EXPECT_EQ(refusal(f.text()), "accepted");
}

TEST(FieldsRemove, TakesAMemberOut) {
  Fields f = fields(R"( { "a" : 1.50 , "o" : {"x":1}, "z":null } )");
  f.remove("absent");
  EXPECT_EQ(f.names().size(), 3U);
  f.remove("o");
  EXPECT_EQ(f.text(), R"({"a":1.50,"z":null})");
  EXPECT_FALSE(f.has("o"));
  f.remove("a");
  f.remove("z");
  EXPECT_TRUE(f.empty());
  EXPECT_EQ(f.text(), "{}");
  f.set("a", "again");
  EXPECT_EQ(f.text(), R"({"a":"again"})");
}

TEST(FieldsMove, AMovedFromFieldsIsEmpty) {
  Fields first = fields(R"({"a":1})");
  const Fields second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_FALSE(second.empty());
}

TEST(FieldsNames, KeepTheClientsOrder) {
  EXPECT_EQ(fields(R"({"z":1,"a":{"inner":2},"m\n":[{"x":1}]})").names(),
            (std::vector<std::string_view>{"z", "a", "m\n"}));
}

TEST(Fields, MembersStandAsTheyCame) {
  const auto f = fields(R"({"a": "x\n", "b":[1, 2],"n":null})");
  ASSERT_EQ(f.size(), 3U);
  EXPECT_EQ(f.member(0).name, "a");
  EXPECT_EQ(f.member(0).json, R"("x\n")");
  EXPECT_EQ(f.member(1).json, "[1, 2]");
  EXPECT_EQ(f.member(2).json, "null");
  EXPECT_EQ(Fields().size(), 0U);
}

}  // namespace
}  // namespace coffer::model
