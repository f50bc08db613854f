#include "coffer/auth/policy_names.h"

#include <gtest/gtest.h>

namespace coffer::auth {
namespace {

TEST(PolicyNames, EveryFormOfANameIsOneName) {
  for (const char* form : {"root", "ROOT", "Root ", " rOOt", "\troot\n", "\v root \f"}) {
    EXPECT_EQ(*policy_name(form), "root") << form;
  }
}

TEST(PolicyNames, RefusesWhatLooksLikeANameOrLeavesItsPath) {
  for (const std::string& form :
       {std::string(), std::string("  "), std::string("ro ot"), std::string("root\0", 5),
        std::string("\xef\xbd\x92oot"), std::string("r\xc3\xb6ot"), std::string("a/../root"),
        std::string("./a"), std::string("a//b"), std::string("/a"), std::string("a/"),
        std::string("a%2fb"), std::string("a\\b"), std::string("a*"), std::string(129, 'a')}) {
    const auto name = policy_name(form);
    ASSERT_FALSE(name.ok()) << form;
    EXPECT_EQ(name.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(policy_name(std::string(128, 'a')).ok());
}

TEST(PolicyNames, AreSortedAndSingle) {
  EXPECT_EQ(*policy_names({"b", "A", "a ", "B"}), (std::vector<std::string>{"a", "b"}));
}

TEST(PolicyNames, NobodyGivesTheWrappingPolicy) {
  EXPECT_FALSE(policy_names({"a", " Response-Wrapping"}).ok());
}

TEST(PolicyNames, AreBoundedInNumber) {
  EXPECT_TRUE(policy_names(std::vector<std::string>(256, "a")).ok());
  EXPECT_FALSE(policy_names(std::vector<std::string>(257, "a")).ok());
}

TEST(Globs, MatchAsVaultsDo) {
  struct Case {
    const char* glob;
    const char* text;
    bool matches;
  };
  for (const Case& c : {Case{"", "", true},
                        {"", "a", false},
                        {"*", "", true},
                        {"*", "abc", true},
                        {"a*", "abc", true},
                        {"a*", "ba", false},
                        {"*c", "abc", true},
                        {"*c", "abcd", false},
                        {"a*c*e", "abcde", true},
                        {"a*c*e", "ace", true},
                        {"a*c*e", "aec", false},
                        {"**", "x", true},
                        {"abc", "abc", true},
                        {"*ab", "aab", true},
                        {"a*b*b", "ab", false}}) {
    EXPECT_EQ(glob_matches(c.glob, c.text), c.matches) << c.glob << " " << c.text;
  }
}

}  // namespace
}  // namespace coffer::auth
