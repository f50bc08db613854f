#include "acl_of.h"

namespace coffer::policy {
namespace {

using Words = std::vector<std::string>;

std::vector<std::string> paths_of(const Explanation& explanation) {
  std::vector<std::string> paths;
  for (const Candidate& candidate : explanation.candidates) paths.push_back(candidate.path);
  return paths;
}

TEST(Explain, ListsWhatMatchesInOrderOfPrecedence) {
  const auto acl = acl_of({stanza("*", "read") + stanza("a/*", "read") + stanza("a/b", "deny"),
                           stanza("a/+", "list") + stanza("x", "read") + stanza("a/b", "read")});
  const auto explanation = acl->explain({.operation = Operation::read, .path = "a/b"});
  EXPECT_FALSE(explanation.decision.allowed);
  EXPECT_EQ(paths_of(explanation), (Words{"a/b", "a/+", "a/*", "*"}));
  const Candidate& first = explanation.candidates.front();
  EXPECT_TRUE(first.decided);
  EXPECT_EQ(first.capabilities, Words{"deny"});
  EXPECT_EQ(first.policies, Words{"p0"});
  EXPECT_EQ(first.why, "the rule denies");
  for (std::size_t i = 1; i < explanation.candidates.size(); ++i) {
    EXPECT_FALSE(explanation.candidates[i].decided);
    EXPECT_EQ(explanation.candidates[i].why, "a rule for the very path comes first");
  }
}

TEST(Explain, SaysWhatMadeTheDifference) {
  const auto why = [](const std::string& loser, const std::string& winner, std::string_view path) {
    const auto acl = acl_of({stanza(loser, "read") + stanza(winner, "read")});
    const auto explanation = acl->explain({.operation = Operation::read, .path = path});
    EXPECT_EQ(paths_of(explanation), (Words{winner, loser}));
    return explanation.candidates.back().why;
  };
  EXPECT_EQ(why("foo/+", "foo/a*", "foo/ab"), "its first wildcard comes earlier");
  EXPECT_EQ(why("foo/*", "foo/a*", "foo/ab"), "its first wildcard comes earlier");
  EXPECT_EQ(why("foo/*", "foo/+", "foo/x"), "it ends in *, the other doesn't");
  EXPECT_EQ(why("+/+/c", "+/b/c", "a/b/c"), "it has more segments +");
  EXPECT_EQ(why("a/+/b*", "a/+/ba*", "a/x/bar"), "it is shorter");
  EXPECT_EQ(why("+/+/c", "+/b/+", "a/b/c"), "it sorts before the other");
}

TEST(Explain, ShowsBothFormsOfAFolder) {
  const auto acl = acl_of({stanza("a/b/*", "list") + stanza("a/+", "list") + stanza("a/b", "list") +
                           stanza("a/b/", "list")});
  const auto explanation = acl->explain({.operation = Operation::list, .path = "a/b/"});
  EXPECT_EQ(paths_of(explanation), (Words{"a/b/", "a/b", "a/b/*", "a/+"}));
  const auto patterns = acl_of({stanza("a/b/*", "list") + stanza("a/+", "list")});
  EXPECT_EQ(patterns->explain({.operation = Operation::list, .path = "a/b/"}).candidates.back().why,
            "it matches the path without its slash alone, which is asked last");
}

TEST(Explain, ListsThePoliciesThatShareAPath) {
  const auto acl = acl_of({stanza("a", "read"), stanza("b", "read"), stanza("a", "list")});
  const auto explanation = acl->explain({.operation = Operation::update, .path = "a"});
  ASSERT_EQ(explanation.candidates.size(), 1U);
  EXPECT_EQ(explanation.candidates.front().policies, (Words{"p0", "p2"}));
  EXPECT_EQ(explanation.candidates.front().capabilities, (Words{"list", "read"}));
  EXPECT_EQ(explanation.candidates.front().why, "the rule doesn't grant update");
}

TEST(Explain, NothingMatchesHasNoCandidates) {
  const auto explanation = acl_of({})->explain({.operation = Operation::read, .path = "a"});
  EXPECT_TRUE(explanation.candidates.empty());
  EXPECT_EQ(explanation.decision.why, "no rule matches");
}

TEST(Explain, RootAndHelpNeedNoRule) {
  EXPECT_TRUE(Acl::root()->explain({.path = "a"}).decision.allowed);
  const auto acl = acl_of({stanza("a", "deny")});
  const auto help = acl->explain({.operation = Operation::help, .path = "a"});
  EXPECT_TRUE(help.decision.allowed);
  EXPECT_TRUE(help.candidates.empty());
}

TEST(CapabilityList, UsesTheRuleOfAList) {
  const auto acl = acl_of({stanza("a/b", "sudo patch read") + stanza("c/*", "list")});
  EXPECT_EQ(acl->capabilities("a/b"), (Words{"patch", "read", "sudo"}));
  EXPECT_EQ(acl->capabilities("a/b/"), (Words{"patch", "read", "sudo"}));
  EXPECT_EQ(acl->capabilities("/c/d"), Words{"list"});
  EXPECT_EQ(acl->capabilities("d"), Words{"deny"});
  EXPECT_EQ(acl->capabilities(""), Words{"deny"});
}

TEST(AccessBelow, IsSeenThroughEveryShape) {
  for (const char* path : {"secret/", "secret", "secret/a/b", "secret/*", "secret/a*", "sec*", "*",
                           "+/a", "+/+/c", "secret/+", "secret/+/x*", "+/*", "+"}) {
    EXPECT_TRUE(acl_of({stanza(path, "read")})->any_access_below("secret/")) << path;
    EXPECT_TRUE(acl_of({stanza(path, "read")})->any_access_below("/secret/")) << path;
    EXPECT_FALSE(acl_of({stanza(path, "deny")})->any_access_below("secret/")) << path;
    EXPECT_FALSE(acl_of({std::string("path \"") + path + "\" { }"})->any_access_below("secret/"))
        << path;
  }
  for (const char* path : {"other/*", "secre", "secrets/*", "other/+", "secretx*", "sys/+/*"}) {
    EXPECT_FALSE(acl_of({stanza(path, "read")})->any_access_below("secret/")) << path;
  }
  EXPECT_TRUE(Acl::root()->any_access_below("secret/"));
  EXPECT_FALSE(acl_of({})->any_access_below("secret/"));
}

TEST(AccessBelow, ADenyOfThePlaceHidesItButNotWhatStandsOutInIt) {
  EXPECT_FALSE(
      acl_of({stanza("*", "read") + stanza("secret/*", "deny")})->any_access_below("secret/"));
  EXPECT_TRUE(acl_of({stanza("secret/*", "deny") + stanza("secret/mine", "read")})
                  ->any_access_below("secret/"));
  EXPECT_TRUE(
      acl_of({stanza("*", "read") + stanza("secret/", "deny")})->any_access_below("secret/"));
}

TEST(AccessBelow, WorksForDeeperPlacesToo) {
  const auto acl = acl_of({stanza("a/+/c/d*", "read")});
  for (const char* place : {"", "a/", "a/x/", "a/x/c/", "a/x/c/d", "a/x/c/dd/", "a/x/c/dd/e/f"}) {
    EXPECT_TRUE(acl->any_access_below(place)) << place;
  }
  for (const char* place : {"b/", "a/x/b/", "a/x/c/e/", "a/x/c/e"}) {
    EXPECT_FALSE(acl->any_access_below(place)) << place;
  }
}

}  // namespace
}  // namespace coffer::policy
