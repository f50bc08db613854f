// Passwords by stored policies, and by none.
#include "coffer/core/passwords.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;

std::string text_of(const SecureBytes& password) {
  return std::string(as_text(password.expose(Reveal{"test"})));
}

policy::PasswordPolicy parsed(std::string_view text) {
  auto policy = policy::parse_password_policy(text);
  EXPECT_TRUE(policy.ok());
  return policy.ok() ? *std::move(policy) : policy::default_password_policy();
}

class PasswordsTest : public testing::Test {
 protected:
  Result<void> write(const std::string& name, std::string_view text) {
    const auto tx = vault_.begin();
    const auto written = write_password_policy(*tx, name, text);
    EXPECT_TRUE(!written.ok() || vault_.commit(tx->take()));
    return written;
  }
  Result<SecureBytes> make(std::string_view name) {
    const auto tx = vault_.begin();
    return make_password_by(*tx, name);
  }
  TestVault vault_;
};

TEST_F(PasswordsTest, EachMeetsItsPolicyAndNoTwoAreTheSame) {
  const policy::PasswordPolicy policy = parsed(
      R"(length = 12 rule "charset" { charset = "abc123" min-chars = 2 }
         rule "charset" { charset = "XYZ" min-chars = 3 } rule "charset" { charset = "!-" })");
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) {
    const auto made = make_password(policy);
    ASSERT_TRUE(made.ok());
    const std::string text = text_of(*made);
    EXPECT_EQ(text.size(), 12U);
    EXPECT_TRUE(policy.met_by(text)) << text;
    EXPECT_EQ(text.find_first_not_of(policy.charset), std::string::npos) << text;
    EXPECT_TRUE(seen.insert(text).second);
  }
}

/// Four places for "a" and "b", one "a" at least: 15 texts, each as likely. A generator that
/// puts what is demanded in place first would favour some. 15 000 draws, 14 degrees of freedom:
/// beyond 70 once in 10^9 runs.
TEST_F(PasswordsTest, EachTextThatMeetsThePolicyIsAsLikely) {
  const policy::PasswordPolicy policy =
      parsed(R"(length = 4 rule "charset" { charset = "a" min-chars = 1 }
                rule "charset" { charset = "b" })");
  std::map<std::string, double> seen;
  for (int i = 0; i < 15'000; ++i) ++seen[text_of(*make_password(policy))];
  ASSERT_EQ(seen.size(), 15U);
  double statistic = 0;
  for (const auto& [text, count] : seen) statistic += (count - 1000) * (count - 1000) / 1000;
  EXPECT_LT(statistic, 70);
}

TEST_F(PasswordsTest, WithoutANameTheBuiltInPolicyCounts) {
  const auto made = make("");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->size(), 20U);
  EXPECT_TRUE(policy::default_password_policy().met_by(text_of(*made)));
}

TEST_F(PasswordsTest, ANamedPolicyIsTheOneThatIsStored) {
  ASSERT_TRUE(write("digits", R"(length = 6 rule "charset" { charset = "0123456789" })").ok());
  const auto made = make("digits");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(text_of(*made).size(), 6U);
  EXPECT_EQ(text_of(*made).find_first_not_of("0123456789"), std::string::npos);
  ASSERT_TRUE(write("digits", R"(length = 7 rule "charset" { charset = "01" })").ok());
  EXPECT_EQ(make("digits")->size(), 7U) << "a change counts at once";
  const auto none = make("nosuch");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
}

/// One text in 10^10 would do: it isn't stored, for who needs a password would wait for it.
TEST_F(PasswordsTest, RefusesAPolicyThatHardlyAnyTextMeets) {
  const auto refused = write("rare", R"(length = 10 rule "charset" { charset = "0" min-chars = 10 }
                                        rule "charset" { charset = "123456789" })");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(make("rare").ok());
}

TEST_F(PasswordsTest, NamesAreVaults) {
  for (const char* good : {"a", "Team_1", "a-b.c", "_"}) {
    EXPECT_TRUE(check_password_policy_name(good).ok()) << good;
  }
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("a."),
                                 std::string("a b"), std::string("a/b"), std::string(129, 'a')}) {
    EXPECT_FALSE(check_password_policy_name(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace coffer::core
