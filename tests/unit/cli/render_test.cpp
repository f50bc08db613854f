#include "src/cli/render.h"

#include <gtest/gtest.h>

#include "src/cli/console.h"
#include "src/cli/yaml.h"

namespace coffer::cli {
namespace {

using model::Json;

Json parse(std::string_view text) {
  auto value = Json::parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : Json();
}

TEST(Table, HasTwoColumnsUnderDashes) {
  EXPECT_EQ(render_table({{"user", "app"}, {"password", "x y"}}),
            "Key         Value\n"
            "---         -----\n"
            "user        app\n"
            "password    x y");
}

TEST(Table, CountsCharactersAndLeavesNoSpacesAtTheEnd) {
  EXPECT_EQ(render_table({{"gr\xC3\xB6\xC3\x9F", "1"}, {"empty", ""}}),
            "Key      Value\n"
            "---      -----\n"
            "gr\xC3\xB6\xC3\x9F     1\n"
            "empty");
}

TEST(Table, ObjectsAreSortedAndNestedValuesAreJson) {
  EXPECT_EQ(
      object_rows(parse(R"({"z":1.50,"a":null,"m":{"k":[true]},"s":"text"})")),
      (std::vector<Row>{{"a", "<nil>"}, {"m", R"({"k":[true]})"}, {"s", "text"}, {"z", "1.50"}}));
}

TEST(Table, MetadataSaysWhatIsNotSet) {
  EXPECT_EQ(metadata_rows(parse(R"({"version":2,"deletion_time":""})")),
            (std::vector<Row>{{"deletion_time", "n/a"}, {"version", "2"}}));
}

TEST(Table, ALeaseStandsBeforeItsData) {
  EXPECT_EQ(secret_rows(parse(R"({"lease_id":"db/1","lease_duration":5400,"renewable":true,
                                  "data":{"username":"u"}})")),
            (std::vector<Row>{{"lease_id", "db/1"},
                              {"lease_duration", "1h30m"},
                              {"lease_renewable", "true"},
                              {"username", "u"}}));
  EXPECT_EQ(secret_rows(parse(R"({"lease_id":"","lease_duration":60,"data":{"a":"b"}})")),
            (std::vector<Row>{{"refresh_interval", "1m"}, {"a", "b"}}));
  EXPECT_EQ(secret_rows(parse(R"({"lease_id":"","lease_duration":0,"data":{"a":"b"}})")),
            (std::vector<Row>{{"a", "b"}}));
}

TEST(Table, ALoginAndAWrappingAreSpelledOut) {
  EXPECT_EQ(secret_rows(parse(R"({"auth":{"client_token":"t","accessor":"a","policies":["p"],
                                  "lease_duration":0,"metadata":{"user":"bob"}},"data":null})")),
            (std::vector<Row>{{"token", "t"},
                              {"token_accessor", "a"},
                              {"token_duration", "\u221e"},
                              {"policies", R"(["p"])"},
                              {"token_meta_user", "bob"}}));
  EXPECT_EQ(secret_rows(parse(R"({"wrap_info":{"token":"w","ttl":300}})")),
            (std::vector<Row>{{"wrapping_token", "w"}, {"wrapping_token_ttl", "5m"}}));
}

TEST(Table, AnAnswerWithoutAnEnvelopeIsItsMembers) {
  EXPECT_EQ(
      secret_rows(parse(R"({"sealed":false,"initialized":true,"errors":["full"]})")),
      (std::vector<Row>{{"errors", R"(["full"])"}, {"initialized", "true"}, {"sealed", "false"}}));
  EXPECT_EQ(secret_rows(parse(R"({"request_id":"r","data":null})")), std::vector<Row>{});
  EXPECT_EQ(secret_rows(parse("{}")), std::vector<Row>{});
}

TEST(Table, HeadingsAreAsWideAsTheTableBelow) {
  EXPECT_EQ(render_heading("Secret Path", std::string("secret/data/app/db").size()),
            "=== Secret Path ===");
  EXPECT_EQ(render_heading("Data", 4), "== Data ==");
  EXPECT_EQ(heading_width({{"deletion_time", "n/a"}}), 22U);
  EXPECT_EQ(render_heading("Metadata", 22), "====== Metadata ======");
}

TEST(Table, AColumnHasItsTitle) {
  EXPECT_EQ(render_column("Keys", {"a", "b/"}), "Keys\n----\na\nb/");
}

TEST(Render, JsonKeepsOrderAndDigits) {
  EXPECT_EQ(render(parse(R"({"b":1e300,"a":[],"o":{"k":[1,{"x":{}}]}})"), Format::json),
            "{\n"
            "  \"b\": 1e300,\n"
            "  \"a\": [],\n"
            "  \"o\": {\n"
            "    \"k\": [\n"
            "      1,\n"
            "      {\n"
            "        \"x\": {}\n"
            "      }\n"
            "    ]\n"
            "  }\n"
            "}");
}

TEST(Render, YamlIsBlockStyle) {
  EXPECT_EQ(render(parse(R"({"data":{"keys":["a","b/"],"none":[],"nothing":{}},"warnings":null,
                             "list":[{"k":"v","l":1},[1,2],{"o":{"p":"q"}}]})"),
                   Format::yaml),
            "data:\n"
            "  keys:\n"
            "    - a\n"
            "    - b/\n"
            "  none: []\n"
            "  nothing: {}\n"
            "warnings: null\n"
            "list:\n"
            "  - k: v\n"
            "    l: 1\n"
            "  - - 1\n"
            "    - 2\n"
            "  - o:\n"
            "      p: q");
}

// YAML 1.1 readers take `no` for false and 1e3 for a number, even where text was meant.
TEST(Render, YamlQuotesWhateverCouldBeReadAsSomethingElse) {
  for (const char* text :
       {"no",   "NO", "true", "null",       "~",    "1", "0x1f", "1e3", "-",  "- a", "a: b",
        "a #b", "",   " a",   "2026-01-02", ".inf", "y", "a\nb", "@x",  "%x", "!t"}) {
    const std::string quoted = render_yaml(Json::string(text));
    EXPECT_EQ(quoted.front(), '"') << text;
    EXPECT_EQ(Json::parse(quoted)->text(), text);
  }
  for (const char* text : {"app", "secret/data/app", "v1.2-rc_3", "nothing", "yesterday"}) {
    EXPECT_EQ(render_yaml(Json::string(text)), text);
  }
}

TEST(Render, PrettyHasNoQuotes) {
  EXPECT_EQ(render(parse(R"({"a":"no","b":["x y"]})"), Format::pretty), "a: no\nb:\n  - x y");
}

TEST(Console, ControlCharactersDoNotReachATerminal) {
  EXPECT_EQ(without_controls("a\033]0;title\007b\nc\td\r"), "a\\x1b]0;title\\x07b\nc\td\\x0d");
  EXPECT_EQ(without_controls("\xC2\x9B"
                             "31m \xC3\xA4 \x7f"),
            "\\x9b31m \xC3\xA4 \\x7f");
}

}  // namespace
}  // namespace coffer::cli
