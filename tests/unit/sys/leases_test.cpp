// sys/leases as Vault's clients use it.
#include "fakes/test_leases.h"
#include "unit/sys/sys_kit.h"

namespace coffer::sys {
namespace {

using fakes::issue_lease;
using fakes::MemoryTarget;
using std::chrono::hours;
using std::chrono::seconds;

class LeasesTest : public SysTest {
 protected:
  std::string issue(const std::string& user, lifecycle::NewLease wanted = {}) {
    return TestVault::must(issue_lease(vault, target, user, std::move(wanted)));
  }
  static lifecycle::NewLease below(const std::string& prefix) {
    lifecycle::NewLease wanted;
    wanted.prefix = prefix;
    return wanted;
  }
  Answer with_id(const std::string& path, const std::string& id, const std::string& more = "") {
    return write(path, R"({"lease_id":")" + id + "\"" + more + "}");
  }
  bool alive(const std::string& id) { return with_id("leases/lookup", id).ok(); }

  MemoryTarget target{vault.open()};
};

TEST_F(LeasesTest, LooksUpWithVaultsMembers) {
  const std::string id = issue("u");
  const Json lease = data(with_id("leases/lookup", id));
  EXPECT_EQ(text(lease, {"id"}), id);
  EXPECT_EQ(text(lease, {"renewable"}), "true");
  EXPECT_NE(with_id("leases/lookup", id)->data.find(R"("last_renewal":null)"), std::string::npos);
  EXPECT_EQ(text(lease, {"ttl"}), "3600");
  EXPECT_NE(text(lease, {"issue_time"}), "absent");
  EXPECT_NE(text(lease, {"expire_time"}), "absent");
  refused(with_id("leases/lookup", "secret/creds/app/nobody"), "invalid lease");
  refused(write("leases/lookup"), "lease_id");
}

TEST_F(LeasesTest, ListsByPrefixForWhoHasSudo) {
  const std::string id = issue("u");
  issue("v", below("secret/creds/other/"));
  EXPECT_EQ(list("leases/lookup/secret/creds/")->data, R"({"keys":["app/","other/"]})");
  EXPECT_EQ(list("leases/lookup/")->data, R"({"keys":["secret/"]})");
  EXPECT_EQ(list("leases/lookup/secret/creds/app/")->data,
            R"({"keys":[")" + id.substr(id.rfind('/') + 1) + R"("]})");
  EXPECT_EQ(list("leases/lookup/nothing/").error().code, ErrorCode::not_found);
  put_policy("lister", R"(path "sys/leases/*" { capabilities = ["list", "update"] })");
  EXPECT_EQ(vault.call_as(token_with("lister"), Operation::list, "sys/leases/lookup/secret/")
                .error()
                .code,
            ErrorCode::permission_denied);
}

TEST_F(LeasesTest, RenewsByFieldAndByPathAndByTheOldName) {
  const std::string id = issue("u");
  Answer renewed = with_id("leases/renew", id, R"(,"increment":1800)");
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(renewed->lease_id, id);
  EXPECT_TRUE(renewed->renewable);
  EXPECT_EQ(renewed->lease_duration, seconds(1800));
  EXPECT_TRUE(renewed->data.empty());
  renewed = write("leases/renew/" + id);
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(renewed->lease_duration, hours(1));
  EXPECT_EQ(write("renew/" + id, R"({"increment":"48h"})")->warnings.size(), 1U);
  EXPECT_NE(text(data(with_id("leases/lookup", id)), {"last_renewal"}), "absent");
  refused(with_id("leases/renew", "secret/creds/app/nobody"), "lease not found");
  refused(with_id("renew", id, R"(,"increment":-5)"), "negative");
  vault.ahead = hours(25);
  refused(with_id("leases/renew", id), "lease not found");
}

TEST_F(LeasesTest, RevokesByFieldAndByPathAndByTheOldName) {
  for (const std::string path : {"leases/revoke", "revoke"}) {
    const std::string by_field = issue("u");
    EXPECT_EQ(with_id(path, by_field)->outcome, model::Outcome::empty);
    EXPECT_FALSE(alive(by_field));
    const std::string by_path = issue("u");
    EXPECT_TRUE(write(path + "/" + by_path).ok());
    EXPECT_FALSE(alive(by_path));
  }
  EXPECT_TRUE(with_id("leases/revoke", "secret/creds/app/nobody").ok()) << "as Vault";
}

TEST_F(LeasesTest, RevokesAllBelowAPrefix) {
  const std::string one = issue("u");
  const std::string other = issue("v", below("secret/creds/app2/"));
  EXPECT_TRUE(write("leases/revoke-prefix/secret/creds/app").ok());
  EXPECT_FALSE(alive(one));
  EXPECT_TRUE(alive(other)) << "a prefix ends with a slash, said or not";
  EXPECT_TRUE(write("revoke-prefix/" + other).ok());
  EXPECT_FALSE(alive(other)) << "a whole id is one too";
}

TEST_F(LeasesTest, RevokesByPrefixAtOnceForWhoWantsNoWait) {
  const std::string id = issue("u");
  const Answer answer = write("leases/revoke-prefix/secret/creds/app", R"({"sync":false})");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 202);
  EXPECT_FALSE(alive(id));
  EXPECT_EQ(target.ends(), 0) << "nobody runs ends here, and nobody waited for one";
  refused(write("leases/revoke-prefix/secret", R"({"sync":"perhaps"})"), "sync");
}

/// A peer of the socket has no end of his own: his leases are ended by his accessor.
TEST_F(LeasesTest, EndsAllOfAnOwnerAndNoneOfAnother) {
  const auto of = [](const std::string& owner) {
    lifecycle::NewLease wanted;
    wanted.owner = owner;
    wanted.owner_is_token = false;
    return wanted;
  };
  // More than one step takes.
  for (int i = 0; i < 150; ++i) issue("u" + std::to_string(i), of("peer-1"));
  const std::string other = issue("v", of("peer-2"));
  const Json before = data(write("leases/owned", R"({"accessor":"peer-1","limit":3})"));
  EXPECT_EQ(text(before, {"lease_count"}), "150");
  EXPECT_EQ(before.find("lease_ids")->elements().size(), 3U);
  ASSERT_TRUE(write("leases/revoke-owned", R"({"accessor":"peer-1"})").ok());
  const auto now = system_clock().wall();
  for (int steps = 0; steps < 4; ++steps) {
    const auto tx = vault.begin();
    for (const auto& due : TestVault::must(lifecycle::due(*tx, now, 64)).due) {
      EXPECT_EQ(due.kind, "lease_owner");
      TestVault::must(vault.open().due_handlers.run(*tx, due, now));
    }
    ASSERT_TRUE(vault.commit(tx->take()));
  }
  EXPECT_EQ(text(data(write("leases/owned", R"({"accessor":"peer-1"})")), {"lease_count"}), "0");
  EXPECT_EQ(TestVault::must(lifecycle::LeaseEnds::count(*vault.begin())).pending, 150U);
  EXPECT_TRUE(alive(other));
  EXPECT_TRUE(write("leases/revoke-owned", R"({"accessor":"nobody"})").ok());
  refused(write("leases/revoke-owned"), "accessor");
  refused(write("leases/owned", R"({"accessor":"peer-1","limit":0})"), "limit");
}

TEST_F(LeasesTest, OnlyWhoHasSudoEndsWhatOthersOwn) {
  put_policy("ender", R"(path "sys/leases/*" { capabilities = ["update"] })");
  for (const std::string path : {"sys/leases/owned", "sys/leases/revoke-owned"}) {
    EXPECT_EQ(vault.call_as(token_with("ender"), Operation::update, path, R"({"accessor":"a"})")
                  .error()
                  .code,
              ErrorCode::permission_denied);
  }
}

TEST_F(LeasesTest, OnlyWhoHasSudoRevokesByPrefix) {
  const std::string id = issue("u");
  put_policy("revoker", R"(path "sys/*" { capabilities = ["update", "read"] })");
  const std::string token = token_with("revoker");
  for (const std::string path :
       {"leases/revoke-prefix/", "leases/revoke-force/", "revoke-prefix/", "revoke-force/"}) {
    EXPECT_EQ(vault.call_as(token, Operation::update, "sys/" + path + "secret", "{}").error().code,
              ErrorCode::permission_denied)
        << path;
  }
  EXPECT_TRUE(alive(id));
}

TEST_F(LeasesTest, CountsWhatLivesAndWhatIsPending) {
  issue("u");
  issue("v");
  ASSERT_TRUE(with_id("leases/revoke", issue("w")).ok());
  EXPECT_EQ(read("leases/count")->data, R"({"lease_count":2,"counts":{"secret/creds/app/":2}})");
  const Answer pending =
      vault.call(Operation::read, "sys/leases/count", R"({"type":"irrevocable"})");
  EXPECT_EQ(pending->data, R"({"lease_count":1,"counts":{"db":1}})");
  const Json all = data(read("leases"));
  EXPECT_EQ(text(all, {"lease_count"}), "1");
  EXPECT_EQ(text(data(read("leases/pending")), {"targets", "db", "pending"}), "1");
  EXPECT_EQ(text(data(read("leases/pending")), {"targets", "db", "precautions"}), "0");
}

TEST_F(LeasesTest, HasNoListButThatOfWhatIsPending) {
  ASSERT_TRUE(with_id("leases/revoke", issue("w")).ok());
  for (const std::string type : {"irrevocable", ""}) {
    const Answer listed = vault.call(Operation::read, "sys/leases", R"({"type":")" + type + "\"}");
    EXPECT_EQ(text(data(listed), {"lease_count"}), "1") << type;
  }
  for (const std::string type : {"foo", "live"}) {
    refused(vault.call(Operation::read, "sys/leases", R"({"type":")" + type + "\"}"), "\"type\"");
  }
}

/// Nobody knows what is at the target until its first end; the further ones are precautions.
TEST_F(LeasesTest, TellsPrecautionsApart) {
  const auto tx = vault.begin();
  lifecycle::PendingEnd end;
  end.lease.terms = below("secret/creds/app/");
  end.lease.terms.target = "db";
  end.lease.name = "n";
  end.precaution = true;
  TestVault::must(lifecycle::LeaseEnds::stage(*tx, end));
  ASSERT_TRUE(vault.commit(tx->take()));
  const Json pending = data(read("leases/pending"));
  EXPECT_EQ(text(pending, {"targets", "db", "pending"}), "0");
  EXPECT_EQ(text(pending, {"targets", "db", "precautions"}), "1");
  const Answer counted =
      vault.call(Operation::read, "sys/leases/count", R"({"type":"irrevocable"})");
  EXPECT_EQ(counted->data, R"({"lease_count":0,"counts":{}})");
  const Json listed = data(read("leases"));
  EXPECT_EQ(text(listed, {"lease_count"}), "0");
  EXPECT_EQ(text(listed, {"precautions"}), "1");
  EXPECT_EQ(text(listed.find("leases")->elements().front(), {"precaution"}), "true");
}

TEST_F(LeasesTest, TellsWhoHasMost) {
  for (int i = 0; i < 3; ++i) issue(std::to_string(i));
  issue("x", below("secret/creds/other/"));
  const Answer top = vault.call(Operation::read, "sys/leases/top", R"({"limit":1})");
  EXPECT_EQ(top->data, R"({"total":4,"roles":[{"prefix":"secret/creds/app/","leases":3}],)"
                       R"("identities":[{"identity":"","display_name":"","leases":4}],)"
                       R"("owners":[{"accessor":"","display_name":"","identity":"","leases":4}]})");
}

TEST_F(LeasesTest, TidyIsAcceptedAndSaysThatThereIsNoNeed) {
  const Answer tidied = write("leases/tidy");
  EXPECT_EQ(tidied->status, 202);
  EXPECT_EQ(tidied->warnings.size(), 1U);
}

TEST_F(LeasesTest, TheDefaultPolicyLetsHoldersRenewAndLookUp) {
  const std::string id = issue("u");
  const Answer made =
      vault.call(Operation::update, "auth/token/create", R"({"policies":["default"]})");
  const std::string token = made->auth->client_token;
  const std::string body = R"({"lease_id":")" + id + "\"}";
  EXPECT_TRUE(vault.call_as(token, Operation::update, "sys/leases/lookup", body).ok());
  EXPECT_TRUE(vault.call_as(token, Operation::update, "sys/leases/renew", body).ok());
  EXPECT_FALSE(vault.call_as(token, Operation::update, "sys/leases/revoke", body).ok());
}

TEST_F(LeasesTest, ATokensEndTakesItsLeasesAlong) {
  const Answer made = vault.call(Operation::update, "auth/token/create", R"({"ttl":"1h"})");
  lifecycle::NewLease wanted;
  wanted.owner = made->auth->accessor;
  const std::string id = issue("u", wanted);
  const Answer child = vault.call_as(made->auth->client_token, Operation::update,
                                     "auth/token/create", R"({"ttl":"1h"})");
  std::string childs;
  if (child.ok()) {
    wanted.owner = child->auth->accessor;
    childs = issue("v", wanted);
  }
  ASSERT_TRUE(vault
                  .call(Operation::update, "auth/token/revoke-accessor",
                        R"({"accessor":")" + made->auth->accessor + "\"}")
                  .ok());
  vault.sweep();
  EXPECT_FALSE(alive(id));
  EXPECT_TRUE(childs.empty() || !alive(childs));
  wanted.owner = made->auth->accessor;
  const auto late = issue_lease(vault, target, "late", wanted);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::permission_denied) << "a dead token gets none";
}

/// An unmount ends those that its engine knows as the mount's: its own tests show that.
TEST_F(LeasesTest, AMoveEndsNoneAndNoPathEndsAnotherMounts) {
  ASSERT_TRUE(write("mounts/old", R"({"type":"kv"})").ok());
  const std::string id = issue("u", below("old/creds/app/"));
  ASSERT_TRUE(write("remount", R"({"from":"old","to":"new"})").ok());
  EXPECT_TRUE(alive(id)) << "it keeps its id";
  EXPECT_TRUE(with_id("leases/renew", id).ok());
  EXPECT_EQ(issue_lease(vault, target, "x", below("old/creds/app/")).error().code,
            ErrorCode::not_found)
      << "but nothing new is issued there";
  ASSERT_TRUE(write("mounts/old", R"({"type":"kv"})").ok());
  ASSERT_TRUE(remove("mounts/old").ok());
  vault.sweep();
  EXPECT_TRUE(alive(id)) << "it is the other mount's";
}

TEST_F(LeasesTest, NothingIsIssuedOrRenewedWhileOutsideIsPaused) {
  const std::string id = issue("u");
  vault.open().outside_paused = true;
  EXPECT_EQ(issue_lease(vault, target, "v").error().code, ErrorCode::unavailable);
  EXPECT_EQ(with_id("leases/renew", id).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(with_id("leases/revoke", id).ok()) << "its end waits";
}

TEST_F(LeasesTest, MetricsAndHealthTellOfThem) {
  issue("u");
  EXPECT_NE(read("metrics")->data.find("coffer_leases 1"), std::string::npos);
  EXPECT_EQ(text(data(read("health")), {"lease_targets_failing"}), "absent");
}

}  // namespace
}  // namespace coffer::sys
