// Section 9.3: which one rule decides.
#include "acl_of.h"

namespace coffer::policy {
namespace {

/// Every rule grants read and list; asked is which decides.
std::string decider(const std::vector<std::string>& rules, std::string_view path,
                    Operation operation = Operation::read) {
  std::string text;
  for (const std::string& rule : rules) text += stanza(rule, "read list scan");
  return rule_of(*acl_of({text}), operation, path);
}

TEST(Precedence, AnExactRuleComesBeforeEverything) {
  EXPECT_EQ(decider({"a/b", "a/b*", "a/*", "+/b", "a/+", "*"}, "a/b"), "a/b");
}

TEST(Precedence, TheLongestPrefixCounts) {
  const std::vector<std::string> rules = {"*", "a*", "a/*", "a/b*", "a/b/*", "b*"};
  EXPECT_EQ(decider(rules, "a/b/c"), "a/b/*");
  EXPECT_EQ(decider(rules, "a/bc"), "a/b*");
  EXPECT_EQ(decider(rules, "a/c"), "a/*");
  EXPECT_EQ(decider(rules, "ab"), "a*");
  EXPECT_EQ(decider(rules, "c"), "*");
}

TEST(Precedence, APrefixMatchesItselfToo) {
  EXPECT_EQ(decider({"a/b*"}, "a/b"), "a/b*");
  EXPECT_EQ(decider({"a/b/*"}, "a/b"), "");
}

TEST(Precedence, AStarInTheMiddleIsAStar) {
  EXPECT_EQ(decider({"a/*/c"}, "a/b/c"), "");
  EXPECT_EQ(decider({"a/*/c"}, "a/*/c"), "a/*/c");
  EXPECT_EQ(decider({"a/**"}, "a/*b"), "a/**");
  EXPECT_EQ(decider({"a/**"}, "a/b"), "");
}

TEST(Precedence, APlusIsOneWholeSegment) {
  EXPECT_EQ(decider({"a/+/c"}, "a/b/c"), "a/+/c");
  EXPECT_EQ(decider({"a/+/c"}, "a/b/d"), "");
  EXPECT_EQ(decider({"a/+/c"}, "a/b/b/c"), "");
  EXPECT_EQ(decider({"a/+/c"}, "a/c"), "");
  EXPECT_EQ(decider({"+"}, "a"), "+");
  EXPECT_EQ(decider({"+"}, "a/b"), "");
  EXPECT_EQ(decider({"+/b"}, "a/b"), "+/b");
  EXPECT_EQ(decider({"a/+"}, "a/b"), "a/+");
  EXPECT_EQ(decider({"+/+"}, "a/b"), "+/+");
  EXPECT_EQ(decider({"a/+"}, "a/b/c"), "");
}

TEST(Precedence, APlusBesideOtherCharactersIsAPlus) {
  EXPECT_EQ(decider({"a/b+"}, "a/bc"), "");
  EXPECT_EQ(decider({"a/b+"}, "a/b+"), "a/b+");
  EXPECT_EQ(decider({"a/+b"}, "a/xb"), "");
  EXPECT_EQ(decider({"a/+b"}, "a/+b"), "a/+b");
  EXPECT_EQ(decider({"a+/b"}, "a+/b"), "a+/b");
  EXPECT_EQ(decider({"a+/+"}, "a+/x"), "a+/+");
}

TEST(Precedence, AStarAfterAPlusTakesTheRest) {
  EXPECT_EQ(decider({"a/+/c*"}, "a/b/c"), "a/+/c*");
  EXPECT_EQ(decider({"a/+/c*"}, "a/b/cd/e/f"), "a/+/c*");
  EXPECT_EQ(decider({"a/+/c*"}, "a/b/d"), "");
  EXPECT_EQ(decider({"a/+/c*"}, "a/b"), "");
  EXPECT_EQ(decider({"a/+/*"}, "a/b/c"), "a/+/*");
  EXPECT_EQ(decider({"a/+/*"}, "a/b/"), "a/+/*");
  EXPECT_EQ(decider({"a/+/*"}, "a/b"), "");
}

// The rules of comparison, (a) to (e), each with those before it equal.
TEST(Precedence, TheFirstWildcardFurtherBackWins) {
  EXPECT_EQ(decider({"foo/a*", "foo/+"}, "foo/ab"), "foo/a*");
  EXPECT_EQ(decider({"foo/bar/+/baz", "foo/+/bar/baz"}, "foo/bar/bar/baz"), "foo/bar/+/baz");
  EXPECT_EQ(decider({"foo/*", "foo/b/+"}, "foo/b/c"), "foo/b/+");
  EXPECT_EQ(decider({"foo/bar/*", "foo/+/bar"}, "foo/bar/bar"), "foo/bar/*");
}

TEST(Precedence, ThenWhatDoesNotEndInAStarWins) {
  EXPECT_EQ(decider({"foo/+/bar", "foo/+/ba*"}, "foo/x/bar"), "foo/+/bar");
  EXPECT_EQ(decider({"foo/+", "foo/*"}, "foo/x"), "foo/+");
}

TEST(Precedence, ThenFewerPlusesWin) {
  EXPECT_EQ(decider({"foo/+/+/baz", "foo/+/bar/baz"}, "foo/x/bar/baz"), "foo/+/bar/baz");
  EXPECT_EQ(decider({"foo/+/*", "foo/*"}, "foo/x/y"), "foo/*");
}

TEST(Precedence, ThenTheLongerWins) {
  EXPECT_EQ(decider({"foo/+/bar/ba*", "foo/+/bar/b*"}, "foo/x/bar/baz"), "foo/+/bar/ba*");
}

TEST(Precedence, ThenWhatSortsLaterWins) {
  EXPECT_EQ(decider({"+/+/c/d", "+/b/+/d"}, "a/b/c/d"), "+/b/+/d");
  EXPECT_EQ(decider({"+/b/+/d", "+/+/c/d"}, "a/b/c/d"), "+/b/+/d");
}

TEST(Precedence, AListTakesTheRuleWithoutTheSlash) {
  for (const Operation operation : {Operation::list, Operation::scan}) {
    EXPECT_EQ(decider({"a/b"}, "a/b/", operation), "a/b");
    EXPECT_EQ(decider({"a/+"}, "a/b/", operation), "a/+");
    EXPECT_EQ(decider({"a/b*"}, "a/b/", operation), "a/b*");
  }
  EXPECT_EQ(decider({"a/b"}, "a/b/", Operation::read), "");
}

TEST(Precedence, OfAListTheStepsComeInOrder) {
  EXPECT_EQ(decider({"a/b/", "a/b", "a/b/*", "a/b*"}, "a/b/", Operation::list), "a/b/");
  EXPECT_EQ(decider({"a/b", "a/b/*", "a/b*"}, "a/b/", Operation::list), "a/b");
  EXPECT_EQ(decider({"a/b/*", "a/+"}, "a/b/", Operation::list), "a/b/*");
}

// GHSA-xp3c-3jw3-4vcr: a deny of what is below a folder was passed over, because the folder without
// its slash was asked first.
TEST(Precedence, APatternForTheFolderComesBeforeOneForItsName) {
  const auto acl = acl_of({stanza("a/+", "list") + stanza("a/b/*", "deny")});
  EXPECT_FALSE(may(*acl, Operation::list, "a/b/"));
  EXPECT_TRUE(may(*acl, Operation::list, "a/c/"));
  const auto wide = acl_of({stanza("a/b*", "list") + stanza("a/+/", "deny")});
  EXPECT_EQ(rule_of(*wide, Operation::list, "a/b/"), "a/b*");
}

TEST(Precedence, RulesAreNeverJoined) {
  const auto acl = acl_of({stanza("a/*", "read update") + stanza("a/b", "read")});
  EXPECT_FALSE(may(*acl, Operation::update, "a/b"));
  const auto denied = acl_of({stanza("a/*", "deny") + stanza("a/b", "read")});
  EXPECT_TRUE(may(*denied, Operation::read, "a/b"));
}

TEST(Precedence, ADenyThatIsMoreExactWins) {
  const auto acl = acl_of({stanza("a/*", "read list") + stanza("a/b", "deny")});
  EXPECT_TRUE(may(*acl, Operation::read, "a/c"));
  EXPECT_FALSE(may(*acl, Operation::read, "a/b"));
  EXPECT_FALSE(may(*acl, Operation::list, "a/b/"));
}

TEST(Precedence, NothingMatchesNothing) {
  const auto acl = acl_of({});
  const auto decision = ask(*acl, Operation::read, "a");
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.rule, "");
  EXPECT_EQ(decision.policy, "");
  EXPECT_EQ(decision.why, "no rule matches");
}

// C2: paths are compared byte by byte; what an engine holds for one name, only that name reaches.
TEST(Precedence, CaseAndSpaceCount) {
  const auto acl = acl_of({stanza("secret/*", "read") + stanza("secret/X", "deny")});
  EXPECT_FALSE(may(*acl, Operation::read, "secret/X"));
  EXPECT_TRUE(may(*acl, Operation::read, "secret/x"));
  EXPECT_FALSE(may(*acl, Operation::read, "Secret/x"));
}

TEST(Precedence, AnEmptyPathIsNoRule) {
  for (const char* path : {"", "/"}) {
    const auto acl = acl_of({stanza(path, "read list")});
    EXPECT_FALSE(may(*acl, Operation::read, ""));
    EXPECT_FALSE(may(*acl, Operation::list, "/"));
    EXPECT_FALSE(acl->any_access_below(""));
  }
}

TEST(Precedence, SlashesBeforeThePathChangeNothing) {
  const auto acl = acl_of({stanza("*", "read") + stanza("secret/x", "deny")});
  for (const char* path : {"secret/x", "/secret/x", "///secret/x"}) {
    EXPECT_FALSE(may(*acl, Operation::read, path)) << path;
    EXPECT_EQ(acl->capabilities(path), std::vector<std::string>{"deny"}) << path;
  }
}

TEST(Precedence, AManyTimesNestedPrefixIsFound) {
  std::string text;
  std::string path;
  for (int i = 0; i < 300; ++i) text += stanza((path += "a") + "*", "read");
  const auto acl = acl_of({text});
  EXPECT_EQ(rule_of(*acl, Operation::read, path), path + "*");
  EXPECT_EQ(rule_of(*acl, Operation::read, "aaab"), "aaa*");
  EXPECT_EQ(rule_of(*acl, Operation::read, "aaaB"), "aaa*");
  EXPECT_EQ(rule_of(*acl, Operation::read, "b"), "");
}

}  // namespace
}  // namespace coffer::policy
