// The lexical parts and the shape of section 9.1, seen through what the policy then grants.
#include "acl_of.h"

namespace coffer::policy {
namespace {

using Words = std::vector<std::string>;

TEST(Grammar, AnEmptyTextGrantsNothing) {
  for (const char* text : {"", " \n\t\r\n", "# only a comment", "// a\n/* b */", "name = \"x\""}) {
    EXPECT_FALSE(may(*acl_of({text}), Operation::read, "a")) << text;
  }
}

TEST(Grammar, ReadsThreeKindsOfComments) {
  const auto acl = acl_of({R"(
# one { "
// two { "
/* three { "
   path "no" { capabilities = ["read"] } **/
path "yes" { # here
  /* and */ capabilities /* in */ = /* all */ [ // places
    "read", # too
  ] }
// the last has no newline)"});
  EXPECT_TRUE(may(*acl, Operation::read, "yes"));
  EXPECT_FALSE(may(*acl, Operation::read, "no"));
}

TEST(Grammar, ReadsEveryEscapeInAString) {
  const auto acl = acl_of({R"(path "\x61\142\u0063\U00000064\"\\" { capabilities = ["read"] })"});
  EXPECT_TRUE(may(*acl, Operation::read, "abcd\"\\"));
}

TEST(Grammar, QuotesStandInsideOfDollarBraces) {
  const auto acl = acl_of({R"(path "a/${x("y")}" { capabilities = ["read"] })"});
  EXPECT_TRUE(may(*acl, Operation::read, "a/${x(\"y\")}"));
}

TEST(Grammar, ADollarOrBraceAloneIsItself) {
  const auto acl = acl_of({R"(path "a$/{b}/c" { capabilities = ["read"] })"});
  EXPECT_TRUE(may(*acl, Operation::read, "a$/{b}/c"));
}

TEST(Grammar, AHeredocIsAStringWithItsNewlines) {
  const auto acl =
      acl_of({"path \"a\" {\n  capabilities = [\"update\"]\n"
              "  allowed_parameters = { \"k\" = [<<EOF\none\n  two\nEOF\n] }\n}\n"});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":"one\n  two\n"})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"k":"one\n  two"})"));
}

TEST(Grammar, AnIndentedHeredocLosesTheIndentationOfItsEnd) {
  const auto acl =
      acl_of({"path \"a\" {\n  capabilities = [\"update\"]\n"
              "  allowed_parameters = { \"k\" = [<<-EOF\n    one\n      two\n    EOF\n"
              "  ] }\n}\n"});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":"one\n  two\n"})"));
}

TEST(Grammar, AnIndentedHeredocWithALineFurtherOutStaysAsItIs) {
  const auto acl =
      acl_of({"path \"a\" {\n  capabilities = [\"update\"]\n"
              "  allowed_parameters = { \"k\" = [<<-EOF\n one\n  two\n  EOF\n"
              "  ] }\n}\n"});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":" one\n  two\n"})"));
}

TEST(Grammar, AHeredocMayComeWithWindowsLineEnds) {
  const auto acl =
      acl_of({"path \"a\" {\r\n  capabilities = [\"update\"]\r\n"
              "  allowed_parameters = { \"k\" = [<<EOF\r\none\r\nEOF\r\n] }\r\n}\r\n"});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":"one\r\n"})"));
}

TEST(Grammar, NumbersComeInEveryBase) {
  for (const char* number : {"16", "0x10", "0X10", "020"}) {
    const auto acl = acl_of(
        {stanza("a", "update", std::string("allowed_parameters = { n = [") + number + "] }")});
    EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"n":16})")) << number;
    EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"n":17})")) << number;
  }
}

TEST(Grammar, NumbersMayBeNegativeOrBroken) {
  const auto acl = acl_of({stanza("a", "update", "allowed_parameters = { n = [-3, 1.5, 2e3] }")});
  for (const char* json : {R"({"n":-3})", R"({"n":1.5})", R"({"n":2000})"}) {
    EXPECT_TRUE(may_with(*acl, Operation::update, "a", json)) << json;
  }
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"n":3})"));
}

TEST(Grammar, BooleansAreValues) {
  const auto acl = acl_of({stanza("a", "update", "allowed_parameters = { b = [true] }")});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"b":true})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"b":false})"));
}

TEST(Grammar, ListsMayEndWithACommaAndBeNested) {
  const auto acl =
      acl_of({stanza("a", "update", "allowed_parameters = { \"l\" = [[\"x\", 1,], ], }")});
  EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"l":["x",1]})"));
  EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"l":["x"]})"));
}

TEST(Grammar, ObjectsComeWithAndWithoutAnEqualsSign) {
  for (const char* object : {"allowed_parameters = { \"k\" = [] }", "allowed_parameters { k = [] }",
                             "\"allowed_parameters\" { \"k\" = [], }"}) {
    const auto acl = acl_of({stanza("a", "update", object)});
    EXPECT_TRUE(may_with(*acl, Operation::update, "a", R"({"k":1})")) << object;
    EXPECT_FALSE(may_with(*acl, Operation::update, "a", R"({"other":1})")) << object;
  }
}

TEST(Grammar, EverythingMayStandInOneLine) {
  const auto acl = acl_of({R"(path"a"{capabilities=["read"]}path"b"{capabilities=["list"]})"});
  EXPECT_TRUE(may(*acl, Operation::read, "a"));
  EXPECT_TRUE(may(*acl, Operation::list, "b"));
}

TEST(Grammar, ALeadingSlashIsStrippedOnce) {
  EXPECT_TRUE(may(*acl_of({stanza("/secret/a", "read")}), Operation::read, "secret/a"));
  EXPECT_FALSE(may(*acl_of({stanza("//secret/a", "read")}), Operation::read, "secret/a"));
}

TEST(Grammar, TheNameInTheTextDoesNotCount) {
  const auto policy = parse("stored", "name = \"root\"\n" + stanza("a", "read"));
  ASSERT_TRUE(policy.ok());
  const PolicyPtr all[] = {*policy};
  const auto acl = Acl::build(all, kNow);
  EXPECT_EQ(ask(*acl, Operation::read, "a").policy, "stored");
  EXPECT_FALSE(may(*acl, Operation::read, "b"));
}

TEST(Grammar, ACommentKeyMayHoldAnything) {
  for (const char* value : {"\"why\"", "3", "true", "[1]", "{ a = 1 }"}) {
    const auto acl = acl_of({stanza("a", "read", std::string("comment = ") + value)});
    EXPECT_TRUE(may(*acl, Operation::read, "a")) << value;
  }
}

TEST(Legacy, EachWordStandsForItsCapabilities) {
  const std::pair<const char*, Words> rows[] = {
      {"deny", {"deny"}},
      {"read", {"list", "read"}},
      {"write", {"create", "delete", "list", "read", "update"}},
      {"sudo", {"create", "delete", "list", "read", "sudo", "update"}}};
  for (const auto& [word, capabilities] : rows) {
    const auto acl = acl_of({std::string("path \"a\" { policy = \"") + word + "\" }"});
    EXPECT_EQ(acl->capabilities("a"), capabilities) << word;
  }
}

TEST(Legacy, AddsToCapabilities) {
  const auto acl = acl_of({R"(path "a" { policy = "read" capabilities = ["patch"] })"});
  EXPECT_EQ(acl->capabilities("a"), (Words{"list", "patch", "read"}));
  const auto none = acl_of({R"(path "a" { policy = "" capabilities = ["patch"] })"});
  EXPECT_EQ(none->capabilities("a"), (Words{"patch"}));
}

TEST(Legacy, DenyErasesCapabilities) {
  const auto acl = acl_of({R"(path "a" { policy = "deny" capabilities = ["read"] })"});
  EXPECT_EQ(acl->capabilities("a"), (Words{"deny"}));
}

TEST(Capabilities, EveryWordGrantsItsOperationAndNoOther) {
  const std::pair<const char*, Operation> rows[] = {
      {"read", Operation::read},     {"list", Operation::list},     {"scan", Operation::scan},
      {"create", Operation::create}, {"update", Operation::update}, {"patch", Operation::patch},
      {"delete", Operation::remove}};
  for (const auto& [word, granted] : rows) {
    const auto acl = acl_of({stanza("a", word)});
    EXPECT_EQ(acl->capabilities("a"), Words{word});
    for (const Operation operation : kAllOperations) {
      const bool wanted = operation == granted || operation == Operation::help;
      EXPECT_EQ(may(*acl, operation, "a"), wanted) << word << " " << to_string(operation);
    }
  }
}

TEST(Capabilities, NoneAreADenial) {
  for (const char* text : {"path \"a\" { }", "path \"a\" { capabilities = [] }"}) {
    const auto acl = acl_of({text});
    EXPECT_EQ(acl->capabilities("a"), Words{"deny"});
    EXPECT_FALSE(may(*acl, Operation::read, "a"));
  }
}

TEST(Capabilities, DenyAnywhereErasesTheStanza) {
  for (const char* words : {"deny", "read deny", "deny read", "read deny sudo"}) {
    const auto acl = acl_of({stanza("a", words)});
    EXPECT_EQ(acl->capabilities("a"), Words{"deny"}) << words;
    EXPECT_FALSE(may(*acl, Operation::read, "a")) << words;
  }
}

}  // namespace
}  // namespace coffer::policy
