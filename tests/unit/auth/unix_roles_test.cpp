// Peers of the socket as callers.
#include "coffer/auth/unix_roles.h"

#include <gtest/gtest.h>

#include "fakes/test_auth.h"
#include "src/auth/unix_row.h"

namespace coffer::auth {
namespace {

model::Peer peer(uid_t uid, gid_t gid = 100, std::vector<gid_t> groups = {},
                 const std::string& unit = {}, bool container = false) {
  return {.uid = uid,
          .gid = gid,
          .pid = 7,
          .groups = std::move(groups),
          .unit = unit,
          .container = container};
}

TEST(UnixRole, MatchesTheUidItNames) {
  const UnixRole role{.uids = {1000, 1001}};
  EXPECT_TRUE(matches(role, peer(1000)));
  EXPECT_TRUE(matches(role, peer(1001)));
  EXPECT_FALSE(matches(role, peer(1002)));
  EXPECT_FALSE(matches(role, peer(0)));
}

TEST(UnixRole, TellsPrimaryAndSupplementaryGroupsApart) {
  EXPECT_TRUE(matches({.gids = {50}}, peer(1, 50)));
  EXPECT_FALSE(matches({.gids = {50}}, peer(1, 51, {50})));
  EXPECT_TRUE(matches({.groups = {50}}, peer(1, 51, {49, 50})));
  EXPECT_FALSE(matches({.groups = {50}}, peer(1, 50, {51})));
}

TEST(UnixRole, AllItsBoundsMustHold) {
  const UnixRole role{.uids = {1}, .gids = {2}, .groups = {3}, .units = {"app.service"}};
  EXPECT_TRUE(matches(role, peer(1, 2, {3}, "app.service")));
  EXPECT_FALSE(matches(role, peer(9, 2, {3}, "app.service")));
  EXPECT_FALSE(matches(role, peer(1, 9, {3}, "app.service")));
  EXPECT_FALSE(matches(role, peer(1, 2, {9}, "app.service")));
  EXPECT_FALSE(matches(role, peer(1, 2, {3}, "other.service")));
  EXPECT_FALSE(matches(role, peer(1, 2, {3}, "")));
}

TEST(UnixRole, AUnitAloneNeverMatches) {
  EXPECT_FALSE(matches({.units = {"app.service"}}, peer(1, 2, {}, "app.service")));
  EXPECT_FALSE(matches({}, peer(1)));
}

TEST(UnixRole, TheOverflowIdsAreNobody) {
  EXPECT_FALSE(matches({.uids = {65534}}, peer(65534)));
  EXPECT_FALSE(matches({.gids = {65534}}, peer(1, 65534)));
  EXPECT_FALSE(matches({.uids = {1}}, peer(1, 65534)));
  EXPECT_FALSE(matches({.groups = {65534}}, peer(1, 2, {65534})));
}

TEST(UnixRole, APeerInAContainerMatchesOnlyWhereItsScopeIsNamed) {
  const auto inside = peer(1, 2, {}, "docker-ab.scope", true);
  EXPECT_FALSE(matches({.uids = {1}}, inside));
  EXPECT_FALSE(matches({.uids = {1}, .allow_containers = true}, inside));
  EXPECT_FALSE(matches({.uids = {1}, .units = {"docker-ab.scope"}}, inside));
  EXPECT_FALSE(
      matches({.uids = {1}, .units = {"docker-cd.scope"}, .allow_containers = true}, inside));
  EXPECT_TRUE(
      matches({.uids = {1}, .units = {"docker-ab.scope"}, .allow_containers = true}, inside));
}

TEST(UnixRole, APeerThatCouldNotBeMadeOutCountsAsInAContainer) {
  const auto unknown = peer(1, 2, {}, "", true);
  EXPECT_FALSE(matches({.uids = {1}}, unknown));
  EXPECT_FALSE(matches({.uids = {1}, .units = {"a.scope"}, .allow_containers = true}, unknown));
}

class UnixRolesTest : public ::testing::Test, public fakes::TestAuth {
 protected:
  void write(const std::string& name, const UnixRole& role) {
    const auto stored = fakes::must(roles->read(*begin(), name));
    commit([&](auto& tx) {
      return roles->write(tx, name, {role, stored ? stored->version : store::RowVersion{0}});
    });
  }
  std::shared_ptr<const model::Caller> identify(const model::Peer& who) {
    const auto identity = fakes::must(roles->identify(*begin(), who));
    return identity ? identity->caller : nullptr;
  }
};

TEST_F(UnixRolesTest, WithoutRolesNobodyIsAnyone) { EXPECT_EQ(identify(peer(0)), nullptr); }

TEST_F(UnixRolesTest, APeerGetsThePoliciesOfItsRole) {
  write("app", {.uids = {1000}, .policies = {"app", "default"}});
  const auto caller = identify(peer(1000));
  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->policies, (std::vector<std::string>{"app", "default"}));
  EXPECT_EQ(caller->token_type, "unix");
  EXPECT_EQ(caller->display_name, "unix-app");
  EXPECT_EQ(caller->accessor.size(), 24U);
  EXPECT_EQ(identify(peer(1001)), nullptr);
}

TEST_F(UnixRolesTest, SeveralRolesGiveTheirUnion) {
  write("b", {.uids = {1000}, .policies = {"x", "y"}});
  write("a", {.groups = {7}, .policies = {"default", "x"}});
  const auto caller = identify(peer(1000, 1, {7}));
  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->policies, (std::vector<std::string>{"default", "x", "y"}));
  EXPECT_EQ(caller->display_name, "unix-a,b");
}

TEST_F(UnixRolesTest, TheAccessorIsThePeersAndStaysSo) {
  write("app", {.gids = {100}, .policies = {"app"}});
  const std::string accessor = identify(peer(1))->accessor;
  EXPECT_EQ(identify(peer(1))->accessor, accessor);
  EXPECT_NE(identify(peer(2))->accessor, accessor);
  EXPECT_NE(identify(peer(1, 100, {}, "a.service"))->accessor, accessor);
  write("app", {.gids = {100}, .policies = {"app", "more"}});
  EXPECT_EQ(identify(peer(1))->accessor, accessor);
  const UnixRoles another(*keyring);
  EXPECT_EQ(fakes::must(another.identify(*begin(), peer(1)))->caller->accessor, accessor);
}

TEST_F(UnixRolesTest, AChangeCountsFromTheNextSnapshotAndNotBefore) {
  write("app", {.uids = {1000}, .policies = {"app"}});
  auto old = begin();
  ASSERT_TRUE(fakes::must(roles->identify(*old, peer(1000))).has_value());
  commit([&](auto& tx) { return roles->remove(tx, "app"); });
  EXPECT_EQ(identify(peer(1000)), nullptr);
  EXPECT_TRUE(fakes::must(roles->identify(*old, peer(1000))).has_value());
  EXPECT_EQ(identify(peer(1000)), nullptr);
  write("app", {.uids = {1000}, .policies = {"other"}});
  EXPECT_EQ(identify(peer(1000))->policies, std::vector<std::string>{"other"});
}

TEST_F(UnixRolesTest, ACallerIsMadeOutOnce) {
  write("app", {.uids = {1000}, .policies = {"app"}});
  EXPECT_EQ(identify(peer(1000)), identify(peer(1000)));
}

TEST_F(UnixRolesTest, TwoWhoChangeOneRoleDoNotBothWin) {
  auto one = begin();
  auto other = begin();
  fakes::must(roles->write(*one, "app", {{.uids = {1}}, 0}));
  fakes::must(roles->write(*other, "app", {{.uids = {2}}, 0}));
  EXPECT_TRUE(TestAuth::commit(*one));
  EXPECT_FALSE(TestAuth::commit(*other));
}

/// The worked example of docs/formats/auth.md.
TEST_F(UnixRolesTest, ARowHasTheBytesThatItsFormatSays) {
  const UnixRole role{.uids = {1000}, .units = {"a.service"}, .policies = {"app"}};
  EXPECT_EQ(to_hex(as_bytes(encode_unix_role(role))),
            "010000000001000003e800000000000000000000000100000009612e736572766963650000000100"
            "000003617070");
}

TEST_F(UnixRolesTest, EveryTruncationOfARowIsCorrupt) {
  const std::string whole = encode_unix_role(
      {.uids = {1}, .gids = {2}, .groups = {3}, .units = {"u.service"}, .policies = {"p"}});
  ASSERT_TRUE(decode_unix_role(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_unix_role(std::string_view(whole).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_unix_role(whole + "x").ok());
}

}  // namespace
}  // namespace coffer::auth
