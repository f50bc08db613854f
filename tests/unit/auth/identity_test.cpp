// What tokens and peers of one login have in common, so that caps hold for all of them together.
#include <gtest/gtest.h>

#include "coffer/auth/tokens.h"
#include "fakes/test_auth.h"
#include "src/auth/token_row.h"

namespace coffer::auth {
namespace {

using std::chrono::hours;

class IdentityTest : public ::testing::Test, public fakes::TestAuth {
 protected:
  struct Made {
    std::string token;
    std::string accessor;
  };

  Made make(const std::string& parent = {}, const std::string& identity = {},
            const std::string& policy = "p") {
    const NewToken wanted{
        .terms = {.policies = {policy}, .ttl = hours(1)}, .parent = parent, .identity = identity};
    const auto made = commit([&](auto& tx) { return tokens->create(tx, wanted, now); });
    return {std::string(as_text(made.token.expose(Reveal{"test"}))), made.about.accessor};
  }
  std::string identity(const Made& made) {
    return fakes::must(tokens->identify(*begin(), made.token, now)).caller->identity;
  }
  Token find(const Made& made) {
    return *fakes::must(tokens->find_accessor(*begin(), made.accessor, now));
  }
  /// As the row was before there were identities.
  void make_old(const Made& made) {
    Token token = find(made);
    token.identity.clear();
    commit([&](auto& tx) { return write_token(tx, token); });
  }
};

TEST_F(IdentityTest, AFamilyHasThatOfItsFirst) {
  const Made first = make();
  const Made child = make(first.accessor);
  const Made grandchild = make(child.accessor);
  EXPECT_EQ(identity(first), first.accessor);
  EXPECT_EQ(identity(child), first.accessor);
  EXPECT_EQ(identity(grandchild), first.accessor);
  EXPECT_NE(identity(make()), first.accessor) << "an orphan is one of its own";
}

TEST_F(IdentityTest, WhatAPeerMadeHasThePeers) {
  const Made first = make({}, "the peer's");
  EXPECT_EQ(identity(first), "the peer's");
  EXPECT_EQ(identity(make(make(first.accessor).accessor)), "the peer's");
}

/// Else all that an operator hands out would share one allowance.
TEST_F(IdentityTest, EachChildOfARootTokenIsOneOfItsOwn) {
  const Made root = make({}, {}, "root");
  const Made one = make(root.accessor);
  const Made other = make(root.accessor);
  EXPECT_EQ(identity(root), root.accessor);
  EXPECT_EQ(identity(one), one.accessor);
  EXPECT_EQ(identity(other), other.accessor);
  EXPECT_EQ(identity(make(one.accessor)), one.accessor);
}

TEST_F(IdentityTest, WhoBecomesAnOrphanKeepsIt) {
  const Made first = make();
  const Made child = make(first.accessor);
  ASSERT_EQ(identity(child), first.accessor);
  commit([&](auto& tx) { return tokens->revoke_orphan(tx, find(first), now); });
  EXPECT_EQ(identity(child), first.accessor);
  sweep();
  EXPECT_TRUE(find(child).parent.empty());
  EXPECT_EQ(identity(child), first.accessor);
}

TEST_F(IdentityTest, OldRowsHaveThatOfTheTopmostAboveThem) {
  const Made root = make({}, {}, "root");
  const Made first = make(root.accessor);
  const Made child = make(first.accessor);
  const Made grandchild = make(child.accessor);
  for (const Made& made : {root, first, child, grandchild}) make_old(made);
  EXPECT_EQ(identity(first), first.accessor);
  EXPECT_EQ(identity(grandchild), first.accessor);
  EXPECT_EQ(identity(make(grandchild.accessor)), first.accessor) << "and hand it on";
}

TEST_F(IdentityTest, ARowWithoutOneIsRead) {
  const Made made = make({}, "x");
  const std::string now_written = encode_token(find(made));
  ASSERT_TRUE(now_written.starts_with('\x03'));
  const std::size_t text = 4 + 1;
  const std::string before = "\x02" + now_written.substr(1, now_written.size() - 1 - text);
  const auto read = decode_token(before);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->identity.empty());
  EXPECT_EQ(read->terms.policies, find(made).terms.policies);
  EXPECT_FALSE(decode_token("\x02" + now_written.substr(1)).ok());
}

class PeerIdentity : public IdentityTest {
 protected:
  PeerIdentity() {
    role("app", {.uids = {1, 2}, .policies = {"p"}});
    role("web", {.uids = {1}, .units = {"web.service"}, .policies = {"p"}});
  }
  void role(const std::string& name, const UnixRole& role) {
    commit([&](auto& tx) { return roles->write(tx, name, {role, 0}); });
  }
  std::shared_ptr<const model::Caller> caller(uid_t uid, const std::string& unit) {
    const model::Peer peer{.uid = uid, .gid = 100, .pid = 1, .groups = {}, .unit = unit};
    return fakes::must(roles->identify(*begin(), peer))->caller;
  }
};

/// Each login of a user is a unit, so units of his own choice give him nothing.
TEST_F(PeerIdentity, IsTheSameInWhateverUnit) {
  const auto one = caller(1, "session-1.scope");
  const auto other = caller(1, "session-2.scope");
  EXPECT_NE(one->accessor, other->accessor);
  EXPECT_EQ(one->identity, other->identity);
  EXPECT_EQ(one->identity.size(), 24U);
  EXPECT_NE(one->identity, one->accessor);
}

TEST_F(PeerIdentity, IsAnotherForAnotherUserAndWhereRolesTellUnitsApart) {
  const std::string one = caller(1, "session-1.scope")->identity;
  EXPECT_NE(caller(2, "session-1.scope")->identity, one);
  EXPECT_NE(caller(1, "web.service")->identity, one);
}

}  // namespace
}  // namespace coffer::auth
