// C3: every verb against every shape of rule, alone and under a deny of every other shape; no verb
// passes a deny that the reference sees.
#include "acl_of.h"
#include "fakes/policy_cases.h"

namespace coffer::policy {
namespace {

constexpr const char* kShapes[] = {"*",     "a*",    "a/*",   "a/b",   "a/b/",  "a/b*", "a/b/*",
                                   "a/b/c", "+",     "+/b",   "a/+",   "a/+/",  "+/+",  "a/+b",
                                   "+/*",   "a/+/*", "a/+/c", "+/b/c", "a/b/+", "+/b/*"};
constexpr const char* kPaths[] = {"a/b", "a/b/", "a/b/c", "a/b/c/", "a/x", "a", "a/", "b"};

std::vector<fakes::reference::Question> every_question() {
  std::vector<fakes::reference::Question> questions;
  for (const char* path : kPaths) {
    for (const char* operation : fakes::kOperations) {
      for (const bool sudo : {false, true}) {
        questions.push_back({operation, path, {}, std::nullopt, sudo});
      }
    }
  }
  return questions;
}

TEST(Matrix, EachVerbNeedsItsOwnWordInEveryShape) {
  for (const char* shape : kShapes) {
    for (const char* word : fakes::kWords) {
      fakes::PolicyCase made{{{{shape, {word}, {}, {}, {}}}}, every_question()};
      EXPECT_EQ(fakes::disagreement(made), "");
      made.policies.front().front().capabilities.insert("sudo");
      EXPECT_EQ(fakes::disagreement(made), "");
    }
  }
}

TEST(Matrix, ADenyOfAnyShapeMeetsAGrantOfAnyShape) {
  const std::set<std::string> everything = {"read",   "list",  "scan",   "create",
                                            "update", "patch", "delete", "sudo"};
  for (const char* grant : kShapes) {
    for (const char* deny : kShapes) {
      const fakes::reference::Stanza granted{grant, everything, {}, {}, {}};
      const fakes::reference::Stanza denied{deny, {"deny"}, {}, {}, {}};
      const fakes::PolicyCase made{{{granted}, {denied}}, every_question()};
      EXPECT_EQ(fakes::disagreement(made), "");
    }
  }
}

// A deny that covers a whole place holds for every verb there, list and scan among them.
TEST(Matrix, ADenyOfAPlaceHoldsForEveryVerb) {
  const auto acl = acl_of({stanza("*", "read list scan create update patch delete sudo"),
                           stanza("a/b", "deny") + stanza("a/b/*", "deny")});
  for (const char* path : {"a/b", "a/b/", "a/b/c", "a/b/c/"}) {
    for (const Operation operation : kAllOperations) {
      const bool folder = operation == Operation::list || operation == Operation::scan;
      if (std::string_view(path) == "a/b/" && !folder) continue;  // no such request
      EXPECT_EQ(may(*acl, operation, path), operation == Operation::help) << path;
    }
  }
}

// C4: what a caller can put into a path are letters, never patterns.
TEST(Matrix, WildcardsInARequestMatchNothingButThemselves) {
  const auto acl = acl_of({stanza("secret/mine", "read") + stanza("secret/x*", "read")});
  for (const char* path : {"secret/*", "secret/+", "*", "+", "+/mine", "secret/min*", "+/*"}) {
    EXPECT_FALSE(may(*acl, Operation::read, path)) << path;
    EXPECT_FALSE(may(*acl, Operation::list, path)) << path;
  }
  const auto denied = acl_of({stanza("secret/+", "read") + stanza("secret/mine", "deny")});
  EXPECT_TRUE(may(*denied, Operation::read, "secret/*"));
  EXPECT_FALSE(may(*denied, Operation::read, "secret/mine"));
}

}  // namespace
}  // namespace coffer::policy
