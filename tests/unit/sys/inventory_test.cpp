// sys/key-inventory, sys/key-usage, sys/token/attest and sys/evidence, over a whole vault in
// memory.
#include "coffer/audit/evidence.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

using fakes::FakeToken;

class InventoryTest : public SysTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write("rotate/config", R"({"rewrap_rate":0})").ok());
    vault.sweep();
  }

  Json key(std::string_view kind, std::string_view version) {
    const Json answer = data(read("key-inventory"));
    const Json* const keys = answer.find("keys");
    if (keys == nullptr) return {};
    for (const Json& one : keys->elements()) {
      if (text(one, {"kind"}) == kind && text(one, {"version"}) == version) return one;
    }
    return {};
  }
  audit::TrustedKeys keys() {
    audit::TrustedKeys trusted;
    trusted.bare.push_back(to_bytes(vault.open().keyring->public_key()));
    return trusted;
  }
  pkcs11::KeyRef kek(std::uint32_t version) {
    return envelope::kek_ref(vault.open().keyring->vault(), version);
  }
};

TEST_F(InventoryTest, ListsEachKeyWithWhatItIsFor) {
  const Json kek = key("kek", "1");
  EXPECT_EQ(text(kek, {"state"}), "active");
  EXPECT_EQ(text(kek, {"location"}), "token");
  EXPECT_EQ(text(kek, {"algorithm"}), "aes-gcm");
  EXPECT_EQ(text(kek, {"serial"}), "fake-0001");
  EXPECT_EQ(text(kek, {"period"}), "fine");
  EXPECT_NE(text(kek, {"purpose"}), "absent");
  EXPECT_GE(std::stoll(text(kek, {"wraps"})), 1024);
  EXPECT_EQ(text(kek, {"attributes", "CKA_EXTRACTABLE"}), "false");
  EXPECT_EQ(text(key("sign", "1"), {"attributes", "CKA_LOCAL"}), "true");
  for (const char* kind : {"record", "bind", "name", "token_hash", "audit", "fingerprint"}) {
    EXPECT_EQ(text(key(kind, "1"), {"location"}), "keyring") << kind;
    EXPECT_EQ(text(key(kind, "1"), {"attributes"}), "absent") << kind;
  }
  EXPECT_EQ(text(key("name", "1"), {"period"}), "unlimited");
}

TEST_F(InventoryTest, AttributesAreThoseOfThisMoment) {
  ASSERT_EQ(text(key("kek", "1"), {"attributes", "CKA_EXTRACTABLE"}), "false");
  vault.token.spoil(kek(1), "CKA_EXTRACTABLE");
  EXPECT_EQ(text(key("kek", "1"), {"attributes", "CKA_EXTRACTABLE"}), "true");
}

TEST_F(InventoryTest, AKeyThatCantBeReadSaysWhyAndHidesNoOther) {
  vault.token.fail_nth(FakeToken::Method::attributes, 1,
                       make_error(ErrorCode::unavailable, "the token is away"));
  const Json kek = key("kek", "1");
  EXPECT_EQ(text(kek, {"attributes_error"}), "the token is away");
  EXPECT_EQ(text(key("sign", "1"), {"attributes_error"}), "absent");
}

TEST_F(InventoryTest, AKeyThatNothingUsesYetIsShown) {
  EXPECT_EQ(text(key("kek", "2"), {"state"}), "absent");
  TestVault::must(vault.token.generate(pkcs11::KeyRole::kek, kek(2), "left by a change"));
  EXPECT_EQ(text(key("kek", "2"), {"state"}), "pre-activation");
  ASSERT_TRUE(write("rotate").ok());
  EXPECT_EQ(text(key("kek", "2"), {"state"}), "active");
  EXPECT_EQ(text(key("kek", "1"), {"state"}), "deactivated");
}

TEST_F(InventoryTest, OldKeysTellWhatRefersToThemAndWhenTheyEnded) {
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/a", R"({"data":{"n":1}})").ok());
  ASSERT_TRUE(write("rotate").ok());
  vault.sweep();
  EXPECT_EQ(text(key("kek", "1"), {"references"}), "0");
  EXPECT_EQ(text(key("kek", "2"), {"references"}), "1");
  EXPECT_NE(text(key("kek", "1"), {"deactivated"}), "absent");
  ASSERT_TRUE(write("rotate/retire", R"({"version":1})").ok());
  vault.sweep();
  EXPECT_EQ(text(key("kek", "1"), {"state"}), "destroyed");
  EXPECT_NE(text(key("kek", "1"), {"destroyed"}), "absent");
  EXPECT_EQ(text(key("kek", "1"), {"attributes"}), "absent");
}

TEST_F(InventoryTest, UsageTellsTheCounterAndItsLimits) {
  const Json before = data(read("key-usage"));
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/a", R"({"data":{"n":1}})").ok());
  const Json after = data(read("key-usage"));
  EXPECT_EQ(std::stoll(text(after, {"kek", "wraps"})),
            std::stoll(text(before, {"kek", "wraps"})) + 1);
  EXPECT_EQ(text(after, {"kek", "rotates_at"}), "1073741824");
  EXPECT_EQ(text(after, {"kek", "refuses_at"}), "2147483648");
  EXPECT_EQ(text(after, {"kek", "tag_bits"}), "128");
  EXPECT_EQ(text(after, {"kek", "rotation_due"}), "false");
}

TEST_F(InventoryTest, TheTokenAnswersAChallengeThatAnyoneCanCheck) {
  const Json answer = data(write("token/attest", R"({"challenge":"7f3a"})"));
  const std::string note = text(answer, {"note"});
  const auto attested = audit::verify_attestation(note, keys());
  ASSERT_TRUE(attested.ok()) << attested.error().text;
  EXPECT_EQ(attested->label, audit::attestation_label(vault.open().keyring->vault()));
  EXPECT_EQ(attested->value("challenge"), "7f3a");
  EXPECT_EQ(attested->value("serial"), "fake-0001");
  EXPECT_EQ(attested->value("firmware"), "1.0");
  EXPECT_EQ(attested->value("wrap"), "aes-gcm");
  EXPECT_NE(attested->value("key").find("kek 1 CKA_SENSITIVE=true"), std::string_view::npos);
  const Json fresh = data(write("token/attest"));
  EXPECT_EQ(text(fresh, {"challenge"}).size(), 64U);
  EXPECT_NE(text(fresh, {"challenge"}), text(data(write("token/attest")), {"challenge"}));
}

TEST_F(InventoryTest, AChallengeIsNoWayToHaveATextSigned) {
  for (const char* body :
       {R"({"challenge":"a\nserial: 1"})", R"({"challenge":"a b"})", R"({"challenge":"ü"})"}) {
    refused(write("token/attest", body), "challenge");
  }
  refused(write("token/attest", R"({"challenge":")" + std::string(129, 'a') + "\"}"), "challenge");
}

TEST_F(InventoryTest, ATokenThatIsAwayAttestsNothing) {
  vault.token.pull();
  const Answer answer = write("token/attest");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
}

TEST_F(InventoryTest, AManifestIsSignedAndNothingElse) {
  const std::string hash(64, 'a');
  const Answer signed_ = write("evidence", R"({"files":[")" + hash + R"( 12 keys/list.json"]})");
  const auto note = audit::parse_note(text(data(signed_), {"note"}));
  ASSERT_TRUE(note.ok());
  const auto manifest = audit::parse_manifest(note->text);
  ASSERT_TRUE(manifest.ok());
  ASSERT_EQ(manifest->files.size(), 1U);
  EXPECT_EQ(manifest->files[0], (audit::EvidenceFile{"keys/list.json", hash, 12}));
  for (const std::string& bad : {hash + " 12 ../etc", hash + " 12 /etc", hash + " 12 a\\nb",
                                 hash + " -1 a", hash.substr(1) + " 12 a", hash + " 012 a",
                                 hash + " 12 a/", hash + " 12 .a", hash + " 12 manifest.note"}) {
    refused(write("evidence", R"({"files":[")" + bad + "\"]}"), "file");
  }
  refused(write("evidence", R"({"files":[")" + hash + R"( 1 a",")" + hash + R"( 2 a"]})"),
          "one name");
  refused(write("evidence"), "files");
}

TEST_F(InventoryTest, OnlyWhoMayReachesThem) {
  put_policy("all", R"(path "*" { capabilities = ["read","update"] })");
  const std::string token = token_with("all");
  EXPECT_TRUE(vault.call_as(token, Operation::read, "sys/key-inventory").ok());
  const Answer answer = vault.call_as(token, Operation::update, "sys/evidence",
                                      R"({"files":[")" + std::string(64, 'a') + R"( 1 a"]})");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::permission_denied);
  for (const char* path : {"sys/key-inventory", "sys/key-usage"}) {
    EXPECT_EQ(vault.call_as("", Operation::read, path).error().code, ErrorCode::permission_denied);
  }
}

}  // namespace
}  // namespace coffer::sys
