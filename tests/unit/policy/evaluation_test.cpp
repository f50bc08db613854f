// Section 9.4: what the rule that was chosen says to the request.
#include "acl_of.h"

namespace coffer::policy {
namespace {

using std::chrono::seconds;

TEST(Evaluation, HelpIsOpenToEveryone) {
  for (const auto& acl : {acl_of({}), acl_of({stanza("a", "deny")}), Acl::root()}) {
    EXPECT_TRUE(may(*acl, Operation::help, "a"));
    EXPECT_TRUE(acl->decide({.operation = Operation::help, .path = "a", .sudo = true}).allowed);
  }
}

TEST(Evaluation, RootMayDoEverything) {
  const auto acl = Acl::root();
  for (const Operation operation : kAllOperations) {
    const auto decision = acl->decide({.operation = operation, .path = "sys/seal", .sudo = true});
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.policy, "root");
  }
  EXPECT_EQ(acl->capabilities("a"), std::vector<std::string>{"root"});
  EXPECT_EQ(acl->stale_at(), std::nullopt);
}

TEST(Evaluation, ARootProtectedPathNeedsSudoToo) {
  const Query query{.operation = Operation::update, .path = "sys/seal", .sudo = true};
  EXPECT_FALSE(acl_of({stanza("sys/*", "update")})->decide(query).allowed);
  EXPECT_FALSE(acl_of({stanza("sys/*", "sudo")})->decide(query).allowed);
  EXPECT_TRUE(acl_of({stanza("sys/*", "sudo update")})->decide(query).allowed);
  EXPECT_FALSE(
      acl_of({stanza("sys/*", "sudo"), stanza("sys/seal", "update")})->decide(query).allowed);
}

TEST(Evaluation, SudoAloneGrantsNothing) {
  const auto acl = acl_of({stanza("a", "sudo")});
  for (const Operation operation : kAllOperations) {
    EXPECT_EQ(may(*acl, operation, "a"), operation == Operation::help);
  }
}

TEST(Wrapping, ABoundAsksForAWrappedAnswer) {
  struct Row {
    const char* bounds;
    int seconds;  // 0: not wrapped
    bool allowed;
  };
  const Row rows[] = {{"max_wrapping_ttl = 60", 0, false},
                      {"max_wrapping_ttl = 60", 60, true},
                      {"max_wrapping_ttl = 60", 61, false},
                      {"max_wrapping_ttl = \"1m\"", 60, true},
                      {"min_wrapping_ttl = 60", 0, false},
                      {"min_wrapping_ttl = 60", 59, false},
                      {"min_wrapping_ttl = 60", 60, true},
                      {"min_wrapping_ttl = \"1500ms\"", 1, false},
                      {"max_wrapping_ttl = \"1500ms\"", 2, false},
                      {"min_wrapping_ttl = \"30s\"\nmax_wrapping_ttl = \"1h30m\"", 5400, true},
                      {"min_wrapping_ttl = \"30s\"\nmax_wrapping_ttl = \"1h30m\"", 5401, false},
                      {"min_wrapping_ttl = 0\nmax_wrapping_ttl = 0", 0, true}};
  for (const Row& row : rows) {
    const auto acl = acl_of({stanza("a", "read list delete", row.bounds)});
    for (const Operation operation : {Operation::read, Operation::list, Operation::remove}) {
      Query query{.operation = operation, .path = "a"};
      if (row.seconds != 0) query.wrap_ttl = seconds(row.seconds);
      EXPECT_EQ(acl->decide(query).allowed, row.allowed) << row.bounds << " " << row.seconds;
    }
  }
}

TEST(Wrapping, AMinimumAboveTheMaximumIsAnError) {
  EXPECT_NE(error_of(stanza("a", "read", "min_wrapping_ttl = 61\nmax_wrapping_ttl = \"1m\""))
                .find("\"max_wrapping_ttl\""),
            std::string::npos);
}

TEST(Wrapping, BoundsOfADenyDoNotCount) {
  EXPECT_EQ(ask(*acl_of({stanza("a", "deny", "min_wrapping_ttl = 10")}), Operation::read, "a").why,
            "the rule denies");
}

struct ParameterRow {
  const char* rules;
  const char* json;
  bool allowed;
};

void expect_rows(const std::vector<ParameterRow>& rows) {
  for (const ParameterRow& row : rows) {
    const auto acl = acl_of({stanza("a", "read create update patch", row.rules)});
    for (const Operation operation :
         {Operation::read, Operation::create, Operation::update, Operation::patch}) {
      EXPECT_EQ(may_with(*acl, operation, "a", row.json), row.allowed)
          << row.rules << " " << row.json << " " << to_string(operation);
    }
  }
}

TEST(Parameters, RequiredOnesMustBeThere) {
  expect_rows({{"required_parameters = [\"k\"]", "{}", false},
               {"required_parameters = [\"k\"]", R"({"k":1})", true},
               {"required_parameters = [\"k\"]", R"({"k":null})", false},
               {"required_parameters = [\"K\"]", R"({"k":1})", true},
               {"required_parameters = [\"k\", \"m\"]", R"({"k":1})", false},
               {"required_parameters = []", "{}", true}});
}

TEST(Parameters, DeniedOnesMustNot) {
  expect_rows({{"denied_parameters = { k = [] }", R"({"k":1})", false},
               {"denied_parameters = { k = [] }", R"({"k":null})", false},
               {"denied_parameters = { k = [] }", R"({"K":1})", false},
               {"denied_parameters = { K = [] }", R"({"k":1})", false},
               {"denied_parameters = { k = [] }", R"({"m":1})", true},
               {"denied_parameters = { k = [] }", "{}", true},
               {"denied_parameters = { k = [\"x\"] }", R"({"k":"x"})", false},
               {"denied_parameters = { k = [\"x\"] }", R"({"k":"y"})", true},
               {"denied_parameters = { \"*\" = [] }", R"({"k":"y"})", false},
               {"denied_parameters = { \"*\" = [\"x\"] }", R"({"k":"y"})", false},
               {"denied_parameters = { \"*\" = [] }", "{}", true},
               {"denied_parameters = { }", R"({"k":1})", true}});
}

TEST(Parameters, AllowedOnesAreTheOnlyOnes) {
  expect_rows({{"allowed_parameters = { k = [] }", R"({"k":1})", true},
               {"allowed_parameters = { k = [] }", R"({"K":1})", true},
               {"allowed_parameters = { k = [] }", R"({"k":1,"m":1})", false},
               {"allowed_parameters = { k = [] }", "{}", true},
               {"allowed_parameters = { k = [\"x\"] }", R"({"k":"x"})", true},
               {"allowed_parameters = { k = [\"x\"] }", R"({"k":"y"})", false},
               {"allowed_parameters = { k = [\"x\"] }", R"({"k":null})", false},
               {"allowed_parameters = { \"*\" = [] }", R"({"k":1,"m":1})", true},
               {"allowed_parameters = { \"*\" = [\"x\"] }", R"({"k":1})", true},
               {"allowed_parameters = { \"*\" = [] k = [\"x\"] }", R"({"m":1})", true},
               {"allowed_parameters = { \"*\" = [] k = [\"x\"] }", R"({"k":"x","m":1})", true},
               {"allowed_parameters = { \"*\" = [] k = [\"x\"] }", R"({"k":"y"})", false},
               {"allowed_parameters = { }", R"({"k":1})", true}});
}

TEST(Parameters, DeniedComesBeforeAllowed) {
  expect_rows({{"allowed_parameters = { k = [] }\ndenied_parameters = { k = [\"x\"] }",
                R"({"k":"x"})", false},
               {"allowed_parameters = { k = [] }\ndenied_parameters = { k = [\"x\"] }",
                R"({"k":"y"})", true},
               {"allowed_parameters = { k = [] }\nrequired_parameters = [\"m\"]",
                R"({"k":"y","m":1})", false}});
}

TEST(Parameters, StringsAreGlobs) {
  expect_rows({{"allowed_parameters = { k = [\"foo*\"] }", R"({"k":"foobar"})", true},
               {"allowed_parameters = { k = [\"foo*\"] }", R"({"k":"xfoo"})", false},
               {"allowed_parameters = { k = [\"*foo\"] }", R"({"k":"xfoo"})", true},
               {"allowed_parameters = { k = [\"*foo\"] }", R"({"k":"foox"})", false},
               {"allowed_parameters = { k = [\"*foo*\"] }", R"({"k":"xfoox"})", true},
               {"allowed_parameters = { k = [\"f*o\"] }", R"({"k":"fxo"})", false},
               {"allowed_parameters = { k = [\"f*o\"] }", R"({"k":"f*o"})", true},
               {"allowed_parameters = { k = [\"*\"] }", R"({"k":"x"})", false},
               {"allowed_parameters = { k = [\"*\"] }", R"({"k":"*"})", true},
               {"allowed_parameters = { k = [\"**\"] }", R"({"k":"anything"})", true},
               {"allowed_parameters = { k = [\"\"] }", R"({"k":""})", true}});
}

TEST(Parameters, EscapesInAFieldHideNothing) {
  expect_rows({{"denied_parameters = { k = [\"root\"] }", R"({"k":"\u0072oot"})", false},
               {"denied_parameters = { k = [\"a\\\"b\"] }", R"({"k":"a\"b"})", false},
               {"denied_parameters = { k = [] }", R"({"\u006b":1})", false},
               {"allowed_parameters = { k = [\"a/b\"] }", R"({"k":"a\/b"})", true}});
}

// An engine takes 5 and "5" alike, so a rule about one is a rule about the other.
TEST(Parameters, NumbersAndBooleansMeetTheirText) {
  expect_rows({{"denied_parameters = { n = [5] }", R"({"n":5})", false},
               {"denied_parameters = { n = [5] }", R"({"n":"5"})", false},
               {"denied_parameters = { n = [5] }", R"({"n":"05"})", false},
               {"denied_parameters = { n = [5] }", R"({"n":5.0})", false},
               {"denied_parameters = { n = [5] }", R"({"n":50})", true},
               {"denied_parameters = { n = [\"5\"] }", R"({"n":5})", false},
               {"denied_parameters = { b = [true] }", R"({"b":"true"})", false},
               {"denied_parameters = { b = [\"true\"] }", R"({"b":true})", false},
               {"denied_parameters = { b = [true] }", R"({"b":false})", true}});
}

TEST(Parameters, ListsAndObjectsAreComparedDeeply) {
  expect_rows({{"allowed_parameters = { k = [[\"a\", 1]] }", R"({"k":["a", 1]})", true},
               {"allowed_parameters = { k = [[\"a\", 1]] }", R"({"k":[1,"a"]})", false},
               {"allowed_parameters = { k = [[\"a\", 1]] }", R"({"k":"a"})", false},
               {"allowed_parameters = { k = [[\"a*\"]] }", R"({"k":["ab"]})", false},
               {"allowed_parameters = { k = [{ a = { b = true } c = 1 }] }",
                R"({"k":{"c":1,"a":{"b":true}}})", true},
               {"allowed_parameters = { k = [{ a = 1 }] }", R"({"k":{"a":1,"b":1}})", false},
               {"allowed_parameters = { k = [{ a = 1 }] }", R"({"k":{"b":1}})", false},
               {"allowed_parameters = { k = [\"[1]\", \"{}\"] }", R"({"k":[1]})", false}});
}

TEST(Parameters, DoNotCountForListsAndDeletes) {
  const auto acl =
      acl_of({stanza("a", "list scan delete",
                     "required_parameters = [\"x\"]\ndenied_parameters = { \"*\" = [] }"
                     "\nallowed_parameters = { y = [] }")});
  for (const Operation operation : {Operation::list, Operation::scan, Operation::remove}) {
    EXPECT_TRUE(may(*acl, operation, "a"));
    EXPECT_TRUE(may_with(*acl, operation, "a", R"({"k":1})"));
  }
}

TEST(Parameters, ARefusalSaysWhichKeyAndNoValue) {
  const auto fields = model::Fields::parse(R"({"k":"hunter2"})");
  ASSERT_TRUE(fields.ok());
  const std::pair<const char*, const char*> rows[] = {
      {"required_parameters = [\"x\"]", "required_parameters"},
      {"denied_parameters = { k = [] }", "denied_parameters"},
      {"allowed_parameters = { x = [] }", "allowed_parameters"}};
  for (const auto& [rules, said] : rows) {
    const auto acl = acl_of({stanza("a", "update", rules)});
    const auto decision = ask(*acl, Operation::update, "a", &*fields);
    EXPECT_FALSE(decision.allowed);
    EXPECT_NE(decision.why.find(said), std::string::npos);
    EXPECT_EQ(decision.why.find("hunter2"), std::string::npos);
    EXPECT_EQ(decision.rule, "a");
  }
}

}  // namespace
}  // namespace coffer::policy
