// Keys that engines have on the token, keys there that nobody claims, and keys that an operator
// marked: in the inventory, health, metrics and the token's own word.
#include "coffer/audit/evidence.h"
#include "coffer/core/key_inventory.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

using core::KeyKind;
using fakes::FakeToken;
using std::chrono::hours;

class EngineKeysTest : public SysTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write("rotate/config", R"({"rewrap_rate":0})").ok());
    ASSERT_TRUE(write("mounts/ssh", R"({"type":"ssh"})").ok());
    mount_ = vault.mounts()->at("ssh/")->mount.uuid;
    vault.sweep();
  }

  void make_ca() {
    ASSERT_TRUE(vault.call(Operation::update, "ssh/config/ca", "{}").ok());
    vault.sweep();
  }
  Json key(std::string_view kind, std::string_view version) {
    const Json answer = data(read("key-inventory"));
    for (const Json& one : answer.find("keys")->elements()) {
      if (text(one, {"kind"}) == kind && text(one, {"version"}) == version) return one;
    }
    return {};
  }
  /// "maker label; …"
  std::string unclaimed() {
    const Json answer = data(read("key-inventory"));
    std::string all;
    for (const Json& one : answer.find("unclaimed")->elements()) {
      EXPECT_EQ(text(one, {"state"}), "unclaimed");
      all += text(one, {"maker"}) + " " + text(one, {"label"}) + "; ";
    }
    return all;
  }
  std::string health(std::string_view field) { return text(data(read("health")), {field}); }
  Answer mark(const std::string& fields) {
    return write("key-inventory/mark-compromised", "{" + fields + "}");
  }
  pkcs11::KeyRef ca(std::uint32_t version) {
    return core::key_ref(KeyKind::ssh_ca, mount_, version);
  }

  Uuid mount_{};
};

TEST_F(EngineKeysTest, ACaIsListedWithItsMountItsAgeAndWhatTheTokenSaysOfIt) {
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "absent");
  vault.ahead = hours(3);
  make_ca();
  const Json listed = key("ssh_ca", "1");
  EXPECT_EQ(text(listed, {"state"}), "active");
  EXPECT_EQ(text(listed, {"location"}), "token");
  EXPECT_EQ(text(listed, {"path"}), "ssh/");
  EXPECT_EQ(text(listed, {"mount"}), to_string(mount_));
  EXPECT_EQ(text(listed, {"serial"}), "absent");
  EXPECT_EQ(text(listed, {"purpose"}), "signs SSH certificates");
  EXPECT_EQ(text(listed, {"dated"}), "true");
  EXPECT_EQ(text(listed, {"period"}), "fine");
  EXPECT_EQ(text(listed, {"attributes", "CKA_EXTRACTABLE"}), "false");
  EXPECT_GT(text(listed, {"activated"}), text(key("kek", "1"), {"activated"}));
  EXPECT_EQ(unclaimed(), "");
}

TEST_F(EngineKeysTest, EachMountHasItsOwn) {
  make_ca();
  ASSERT_TRUE(write("mounts/hosts", R"({"type":"ssh"})").ok());
  ASSERT_TRUE(vault.call(Operation::update, "hosts/config/ca", "{}").ok());
  std::set<std::string> paths;
  const Json answer = data(read("key-inventory"));
  for (const Json& one : answer.find("keys")->elements()) {
    if (text(one, {"kind"}) == "ssh_ca") paths.insert(text(one, {"path"}));
  }
  EXPECT_EQ(paths, (std::set<std::string>{"hosts/", "ssh/"}));
}

TEST_F(EngineKeysTest, ADeletedCaIsDeactivatedUntilTheTokenDestroyedIt) {
  make_ca();
  vault.ahead = hours(1);
  ASSERT_TRUE(vault.call(Operation::remove, "ssh/config/ca").ok());
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "deactivated");
  EXPECT_EQ(text(key("ssh_ca", "1"), {"attributes", "CKA_LOCAL"}), "true");
  EXPECT_EQ(unclaimed(), "");
  vault.sweep();
  vault.sweep();
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "destroyed");
  EXPECT_NE(text(key("ssh_ca", "1"), {"destroyed"}), "absent");
  EXPECT_EQ(text(key("ssh_ca", "1"), {"attributes"}), "absent");
  make_ca();
  EXPECT_EQ(text(key("ssh_ca", "2"), {"state"}), "active");
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "destroyed");
}

TEST_F(EngineKeysTest, TheKeyOfAMountThatIsGoneIsRememberedByItsUuid) {
  make_ca();
  ASSERT_TRUE(remove("mounts/ssh").ok());
  for (int i = 0; i < 3; ++i) vault.sweep();
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "destroyed");
  EXPECT_EQ(text(key("ssh_ca", "1"), {"mount"}), to_string(mount_));
  EXPECT_EQ(text(key("ssh_ca", "1"), {"path"}), "");
}

TEST_F(EngineKeysTest, ThatAKeyIsGoneIsNotTakenFromATokenThatDoesntAnswer) {
  make_ca();
  ASSERT_TRUE(vault.call(Operation::remove, "ssh/config/ca").ok());
  vault.sweep();
  vault.token.fail_nth(FakeToken::Method::list_keys, 1,
                       make_error(ErrorCode::unavailable, "the token is away"));
  vault.sweep();
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "deactivated");
  vault.open().key_work = true;
  vault.sweep();
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "destroyed");
}

TEST_F(EngineKeysTest, ACaOfBeforeKeysWereDatedCountsFromTheFirstLookAndSaysSo) {
  make_ca();
  auto tx = vault.begin();
  const envelope::RowName row{{.mount = mount_, .table = 1}, {}, "ca"};
  const std::string now = TestVault::must(tx->read(row))->value;
  const std::string before = "\x01" + now.substr(1, now.size() - 1 - 8);
  TestVault::must(tx->write(row, before, envelope::Expect::anything()));
  tx->erase({{.mount = {}, .table = 13}, {}, "dates"}, envelope::Expect::anything());
  ASSERT_TRUE(vault.commit(tx->take()));
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "active");
  EXPECT_EQ(text(key("ssh_ca", "1"), {"dated"}), "false");
}

TEST_F(EngineKeysTest, ItsCryptoperiodIsToldInHealthAndMetrics) {
  make_ca();
  EXPECT_EQ(text(data(read("cryptoperiods")), {"ssh_ca", "originator_period"}), "17520h0m0s");
  ASSERT_TRUE(write("cryptoperiods/ssh_ca", R"({"originator_period":"100h","warn":"10h"})").ok());
  EXPECT_EQ(health("cryptoperiods_ending"), "absent");
  vault.ahead = hours(91);
  EXPECT_EQ(health("cryptoperiods_ending"), "1");
  vault.ahead = hours(101);
  EXPECT_EQ(health("cryptoperiods_over"), "1");
  const Answer metrics = read("metrics");
  ASSERT_TRUE(metrics.ok());
  EXPECT_NE(
      metrics->data.find(R"(period_end_timestamp_seconds{key="ssh_ca",version="1",mount="ssh/"})"),
      std::string::npos);
  vault.sweep();
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "active") << "nothing rotates it by itself";
  ASSERT_TRUE(vault.call(Operation::remove, "ssh/config/ca").ok());
  EXPECT_EQ(health("cryptoperiods_over"), "absent");
}

TEST_F(EngineKeysTest, NothingRotatesItAtTheVaultsPathsEither) {
  make_ca();
  refused(write("rotate/keyring/ssh_ca"), "no such key");
  const auto done = core::rotate_key(vault.open(), KeyKind::ssh_ca, system_clock().wall());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::unsupported);
}

TEST_F(EngineKeysTest, TheTokenAttestsItAndUsageSaysThatItIsntCounted) {
  make_ca();
  audit::TrustedKeys trusted;
  trusted.bare.push_back(to_bytes(vault.open().keyring->public_key()));
  const std::string wanted = "ssh_ca 1 mount=" + to_string(mount_);
  const auto attests = [&](const std::string& line) {
    const auto note =
        audit::verify_attestation(text(data(write("token/attest")), {"note"}), trusted);
    EXPECT_TRUE(note.ok());
    return note.ok() && std::any_of(note->lines.begin(), note->lines.end(), [&](const auto& one) {
             return one.first == "key" && one.second.starts_with(line);
           });
  };
  EXPECT_TRUE(attests(wanted + " CKA_SENSITIVE=true"));
  vault.token.forget(ca(1));
  EXPECT_TRUE(attests(wanted + " absent"));
  const Json usage = data(read("key-usage"));
  ASSERT_EQ(usage.find("engines")->elements().size(), 1U);
  EXPECT_EQ(text(usage.find("engines")->elements()[0], {"counted"}), "false");
}

TEST_F(EngineKeysTest, KeysThatNobodyClaimsAreShownWithWhoSeemsToHaveMadeThem) {
  make_ca();
  using pkcs11::KeyRole;
  const Uuid other{{0x77}};
  TestVault::must(vault.token.generate(KeyRole::sign, core::key_ref(KeyKind::ssh_ca, other, 1),
                                       "coffer ssh ca"));
  TestVault::must(vault.token.generate(KeyRole::kek, envelope::kek_ref(other, 1), "their kek"));
  const Uuid& ours = vault.open().keyring->vault();
  TestVault::must(vault.token.generate(KeyRole::kek, envelope::kek_ref(ours, 9), "left"));
  TestVault::must(vault.token.generate(KeyRole::sign, {Bytes{1, 2}}, "web\x01server"));
  std::set<std::string> found;
  const Json answer = data(read("key-inventory"));
  for (const Json& one : answer.find("unclaimed")->elements()) {
    found.insert(text(one, {"maker"}) + " " + text(one, {"label"}) + " " + text(one, {"class"}) +
                 " " + text(one, {"attributes", "CKA_EXTRACTABLE"}));
  }
  EXPECT_EQ(found, (std::set<std::string>{
                       "another vault their kek secret false", "ssh_ca coffer ssh ca private false",
                       "unknown web?server private absent", "vault left secret false"}));
  EXPECT_EQ(text(key("kek", "2"), {"state"}), "absent");
}

TEST_F(EngineKeysTest, AKekThatIsDestroyedByTheRowsButStandsOnTheTokenIsUnclaimed) {
  ASSERT_TRUE(write("rotate").ok());
  vault.sweep();
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  vault.sweep();
  EXPECT_EQ(unclaimed(), "");
  const Uuid& ours = vault.open().keyring->vault();
  TestVault::must(
      vault.token.generate(pkcs11::KeyRole::kek, envelope::kek_ref(ours, 1), "back again"));
  EXPECT_EQ(unclaimed(), "vault back again; ");
}

TEST_F(EngineKeysTest, ATokenThatCantListItsKeysHidesNothingElse) {
  vault.token.fail_nth(FakeToken::Method::list_keys, 1,
                       make_error(ErrorCode::unavailable, "the token is away"));
  const Json answer = data(read("key-inventory"));
  EXPECT_EQ(text(answer, {"unclaimed_error"}), "the token is away");
  EXPECT_GE(answer.find("keys")->elements().size(), 8U);
}

TEST_F(EngineKeysTest, AMarkIsShownEverywhereAndWorksOn) {
  ASSERT_TRUE(mark(R"("kind":"kek","version":1,"reason":"the token was lost for a day")").ok());
  const Json kek = key("kek", "1");
  EXPECT_EQ(text(kek, {"state"}), "compromised");
  EXPECT_EQ(text(kek, {"compromised_reason"}), "the token was lost for a day");
  EXPECT_NE(text(kek, {"compromised"}), "absent");
  EXPECT_EQ(text(kek, {"in_use"}), "true");
  EXPECT_EQ(text(kek, {"attributes", "CKA_LOCAL"}), "true");
  EXPECT_EQ(text(key("sign", "1"), {"state"}), "active");
  EXPECT_EQ(health("keys_compromised"), "1");
  EXPECT_NE(read("metrics")->data.find("coffer_keys_compromised 1"), std::string::npos);
  EXPECT_TRUE(vault.call(Operation::update, "secret/data/a", R"({"data":{"n":1}})").ok());
}

TEST_F(EngineKeysTest, AMarkIsNeverTakenBack) {
  vault.ahead = hours(1);
  ASSERT_TRUE(mark(R"("kind":"kek","version":1,"reason":"first")").ok());
  const std::string since = text(key("kek", "1"), {"compromised"});
  vault.ahead = hours(2);
  const Answer again = mark(R"("kind":"kek","version":1,"reason":"second")");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::precondition);
  ASSERT_TRUE(write("rotate").ok());
  vault.sweep();
  EXPECT_EQ(text(key("kek", "1"), {"state"}), "compromised");
  EXPECT_EQ(text(key("kek", "1"), {"in_use"}), "false");
  EXPECT_EQ(text(key("kek", "2"), {"state"}), "active");
  vault.state->seal();
  ASSERT_TRUE(vault.call_as("", Operation::update, "sys/unseal", R"({"key":"1234"})").ok());
  vault.sweep();
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  vault.sweep();
  EXPECT_EQ(text(key("kek", "1"), {"state"}), "destroyed");
  EXPECT_EQ(text(key("kek", "1"), {"compromised"}), since);
  EXPECT_EQ(text(key("kek", "1"), {"compromised_reason"}), "first");
  EXPECT_EQ(health("keys_compromised"), "absent");
}

TEST_F(EngineKeysTest, AMarkThatCameBetweenIsntLostToTheSweeper) {
  ASSERT_TRUE(write("rotate/keyring/audit").ok());
  auto sweeper = vault.begin();
  TestVault::must(core::note_key_dates(vault.open(), *sweeper, system_clock().wall()));
  ASSERT_TRUE(mark(R"("kind":"bind","version":1,"reason":"seen in a dump")").ok());
  EXPECT_FALSE(vault.commit(sweeper->take()));
  EXPECT_EQ(text(key("bind", "1"), {"state"}), "compromised");
}

TEST_F(EngineKeysTest, AnEnginesKeyIsMarkedByItsMount) {
  make_ca();
  refused(mark(R"("kind":"ssh_ca","version":1,"reason":"x")"), "mount");
  refused(mark(R"("kind":"ssh_ca","version":1,"reason":"x","mount":"nosuch")"), "mount");
  ASSERT_TRUE(mark(R"("kind":"ssh_ca","version":1,"reason":"x","mount":"ssh")").ok());
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "compromised");
  ASSERT_TRUE(vault.call(Operation::remove, "ssh/config/ca").ok());
  vault.sweep();
  vault.sweep();
  EXPECT_EQ(text(key("ssh_ca", "1"), {"state"}), "destroyed");
  EXPECT_EQ(text(key("ssh_ca", "1"), {"compromised_reason"}), "x");
}

TEST_F(EngineKeysTest, WhatCantBeMarkedIsRefusedByItsField) {
  refused(mark(R"("version":1,"reason":"x")"), "kind");
  refused(mark(R"("kind":"data","version":1,"reason":"x")"), "kind");
  refused(mark(R"("kind":"kek","reason":"x")"), "version");
  refused(mark(R"("kind":"kek","version":0,"reason":"x")"), "version");
  refused(mark(R"("kind":"kek","version":4294967296,"reason":"x")"), "version");
  refused(mark(R"("kind":"kek","version":7,"reason":"x")"), "no key of this kind and version");
  refused(mark(R"("kind":"kek","version":1,"reason":"x","serial":"other")"), "serial");
  refused(mark(R"("kind":"kek","version":1)"), "reason");
  refused(mark(R"("kind":"kek","version":1,"reason":"a\nb")"), "reason");
  refused(mark(R"("kind":"kek","version":1,"reason":")" + std::string(257, 'a') + "\""), "reason");
  EXPECT_EQ(health("keys_compromised"), "absent");
}

TEST_F(EngineKeysTest, OnlyWhoHasSudoMarks) {
  put_policy("all", R"(path "*" { capabilities = ["read","update","create"] })");
  const Answer answer =
      vault.call_as(token_with("all"), Operation::update, "sys/key-inventory/mark-compromised",
                    R"({"kind":"kek","version":1,"reason":"x"})");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::permission_denied);
}

}  // namespace
}  // namespace coffer::sys
