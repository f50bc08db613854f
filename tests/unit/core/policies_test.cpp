// What sets of stored policies grant, and when a change of them counts.
#include "coffer/core/policies.h"

#include <gtest/gtest.h>

#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::TestVault;

class PoliciesTest : public testing::Test {
 protected:
  bool may(const std::vector<std::string>& names, std::string_view path) {
    const auto tx = vault_.begin();
    const auto acl = TestVault::must(policies().acl(*tx, names, system_clock().wall()));
    return acl->decide({.operation = model::Operation::read, .path = path}).allowed;
  }
  void write(const std::string& name, const std::string& text) {
    const auto tx = vault_.begin();
    TestVault::must(policies().write(*tx, name, text));
    ASSERT_TRUE(vault_.commit(tx->take()));
  }
  static std::string reads(const std::string& path) {
    return "path \"" + path + "\" { capabilities = [\"read\"] }";
  }
  Policies& policies() { return *vault_.open().policies; }

  TestVault vault_;
};

TEST_F(PoliciesTest, RootMustStandAlone) {
  EXPECT_TRUE(may({"root"}, "anything"));
  EXPECT_FALSE(may({"default", "root"}, "anything"));
  EXPECT_FALSE(may({"root", "root"}, "anything"));
  EXPECT_FALSE(may({}, "anything"));
}

TEST_F(PoliciesTest, AChangeCountsFromTheNextSnapshotOn) {
  write("a", reads("x"));
  EXPECT_TRUE(may({"a"}, "x"));
  const auto before = vault_.begin();
  ASSERT_TRUE(TestVault::must(before->version_at("nothing")) == 0) << "the snapshot is taken";
  write("a", reads("y"));
  EXPECT_FALSE(may({"a"}, "x"));
  EXPECT_TRUE(may({"a"}, "y"));
  const auto acl = TestVault::must(policies().acl(*before, {"a"}, system_clock().wall()));
  EXPECT_TRUE(acl->decide({.operation = model::Operation::read, .path = "x"}).allowed)
      << "who began before goes on as it was";
}

TEST_F(PoliciesTest, AnExpiredStanzaGrantsNoMoreAlthoughNothingChanged) {
  const WallTime now = system_clock().wall();
  write("a", "path \"x\" { capabilities = [\"read\"] expiration = \"" +
                 to_rfc3339(now + std::chrono::hours(1)) + "\" }");
  const auto allowed_at = [&](WallTime when) {
    const auto tx = vault_.begin();
    return TestVault::must(policies().acl(*tx, {"a"}, when))
        ->decide({.operation = model::Operation::read, .path = "x"})
        .allowed;
  };
  EXPECT_TRUE(allowed_at(now));
  EXPECT_FALSE(allowed_at(now + std::chrono::hours(1)));
  EXPECT_FALSE(allowed_at(now + std::chrono::hours(2)));
}

TEST_F(PoliciesTest, ACachedSetIsTheSameObject) {
  write("a", reads("x"));
  const auto tx = vault_.begin();
  const WallTime now = system_clock().wall();
  EXPECT_EQ(TestVault::must(policies().acl(*tx, {"a", "default"}, now)),
            TestVault::must(policies().acl(*tx, {"a", "default"}, now)));
}

TEST_F(PoliciesTest, UnknownNamesGrantNothingAndKnownOnesBesideThemDo) {
  write("a", reads("x"));
  EXPECT_TRUE(may({"a", "nosuch"}, "x"));
  EXPECT_FALSE(may({"nosuch"}, "x"));
}

TEST(PolicyName, HasOneForm) {
  EXPECT_EQ(*policy_name(" App "), "app");
  EXPECT_EQ(*policy_name("ROOT\t"), "root");
  for (const char* bad : {"", " ", "a b", "a*", "a+b", "a,b", "\xc3\xa9", "a\x01"}) {
    EXPECT_FALSE(policy_name(bad).ok()) << bad;
  }
  EXPECT_FALSE(policy_name(std::string(129, 'a')).ok());
}

}  // namespace
}  // namespace coffer::core
