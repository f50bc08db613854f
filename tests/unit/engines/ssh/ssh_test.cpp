// An ssh mount as a client sees it, over a whole vault in memory with a token that can fail.
#include <gtest/gtest.h>

#include "coffer/base/codec.h"
#include "coffer/crypto/signer.h"
#include "coffer/model/json_tree.h"
#include "fakes/test_vault.h"
#include "src/engines/ssh/ca.h"
#include "vectors.h"

namespace coffer::engines::ssh {
namespace {

using fakes::FakeToken;
using fakes::TestVault;
using model::Json;
using model::Operation;
using Answer = Result<model::Response>;

/// A certificate, taken apart by the format's page alone.
struct Parsed {
  std::uint64_t serial = 0;
  std::uint32_t type = 0;
  std::string key_id;
  std::vector<std::string> principals;
  std::uint64_t after = 0;
  std::uint64_t before = 0;
  std::vector<std::pair<std::string, std::string>> critical;
  std::vector<std::pair<std::string, std::string>> extensions;
  Bytes ca;
};

std::vector<std::pair<std::string, std::string>> options_of(ByteView packed) {
  std::vector<std::pair<std::string, std::string>> options;
  for (Reader reader(packed); reader.remaining() > 0;) {
    const std::string name(*reader.text());
    const ByteView data = *reader.blob();
    Reader inner(data);
    options.emplace_back(name, data.empty() ? std::string() : std::string(*inner.text()));
    EXPECT_TRUE(inner.finish().ok());
  }
  return options;
}

/// The signature is checked by OpenSSL over the bytes before it.
Parsed parsed(const std::string& line, ByteView spki) {
  EXPECT_TRUE(line.starts_with("ssh-ed25519-cert-v01@openssh.com ") && line.ends_with('\n'))
      << line;
  const Bytes blob = *from_base64(line.substr(33, line.size() - 34));
  Reader reader(blob);
  Parsed out;
  EXPECT_TRUE(reader.text().ok());
  EXPECT_EQ(reader.blob()->size(), 32U) << "nonce";
  EXPECT_EQ(reader.blob()->size(), 32U) << "key";
  out.serial = *reader.u64();
  out.type = *reader.u32();
  out.key_id = *reader.text();
  for (Reader names(*reader.blob()); names.remaining() > 0;)
    out.principals.emplace_back(*names.text());
  out.after = *reader.u64();
  out.before = *reader.u64();
  out.critical = options_of(*reader.blob());
  out.extensions = options_of(*reader.blob());
  EXPECT_EQ(*reader.text(), "");
  out.ca = to_bytes(*reader.blob());
  const std::size_t signed_size = blob.size() - reader.remaining();
  Reader signature(*reader.blob());
  EXPECT_TRUE(reader.finish().ok());
  EXPECT_EQ(*signature.text(), "ecdsa-sha2-nistp256");
  Reader numbers(*signature.blob());
  Bytes rs(64, 0);
  for (std::size_t half = 0; half < 2; ++half) {
    ByteView number = *numbers.blob();
    if (number.size() == 33) number = number.subspan(1);
    std::copy(number.begin(), number.end(),
              rs.begin() + static_cast<std::ptrdiff_t>(half * 32 + 32 - number.size()));
  }
  EXPECT_TRUE(crypto::verify_p256(spki, ByteView(blob).first(signed_size), rs).ok());
  return out;
}

class SshTest : public testing::Test {
 protected:
  SshTest() {
    const auto made = vault.call(Operation::update, "sys/mounts/ssh", R"({"type":"ssh"})");
    EXPECT_TRUE(made.ok());
    mount = vault.mounts()->at("ssh/")->mount.uuid;
  }
  Answer call(Operation operation, const std::string& path, const std::string& body = "") {
    return vault.call(operation, "ssh/" + path, body);
  }
  Answer make_ca(const std::string& body = "{}") {
    return call(Operation::update, "config/ca", body);
  }
  Answer role(const std::string& more, const std::string& name = "r") {
    return call(Operation::update, "roles/" + name, R"({"key_type":"ca",)" + more + "}");
  }
  void put_role(const std::string& more) {
    const auto made = role(more);
    ASSERT_TRUE(made.ok()) << made.error().text;
  }
  Answer sign(const std::string& more = "") {
    return call(Operation::update, "sign/r",
                R"({"public_key":")" + std::string(kEd25519Vector.key) + "\"" + more + "}");
  }
  Parsed signed_with(const std::string& more = "") {
    const auto answer = sign(more);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().text);
    return answer.ok() ? parsed(member(answer, "signed_key"), spki(1)) : Parsed{};
  }
  Bytes spki(std::uint32_t generation) {
    return TestVault::must(vault.token.public_key(ca_key(mount, generation)));
  }
  bool on_token(std::uint32_t generation) {
    return vault.token.verify(pkcs11::KeyRole::sign, ca_key(mount, generation)).ok();
  }
  static std::string member(const Answer& answer, std::string_view name) {
    if (!answer.ok()) return answer.error().text;
    const Json tree = *Json::parse(answer->data);
    const Json* found = tree.find(name);
    return found == nullptr ? "absent" : found->text();
  }
  static void refused(const Answer& answer, std::string_view part) {
    ASSERT_FALSE(answer.ok()) << part;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(answer.error().text.find(part), std::string::npos) << answer.error().text;
  }

  TestVault vault;
  Uuid mount;
};

constexpr const char* kUsers =
    R"("allow_user_certificates":true,"allowed_users":"alice, bob","default_user":"alice",
       "default_extensions":{"permit-pty":""})";

TEST_F(SshTest, TheCasKeyIsMadeOnTheTokenAndItsPublicHalfTold) {
  refused(call(Operation::read, "config/ca"), "haven't been configured");
  EXPECT_EQ(call(Operation::read, "public_key").error().code, ErrorCode::not_found);
  const std::string line = member(make_ca(R"({"generate_signing_key":true})"), "public_key");
  EXPECT_TRUE(line.starts_with("ecdsa-sha2-nistp256 ")) << line;
  EXPECT_TRUE(on_token(1));
  EXPECT_EQ(member(call(Operation::read, "config/ca"), "public_key"), line);
  const auto open = vault.call_as("", Operation::read, "ssh/public_key");
  ASSERT_TRUE(open.ok()) << "it is open";
  EXPECT_EQ(open->data, line);
  EXPECT_EQ(open->content_type, "text/plain");
  refused(make_ca(), "already configured");
}

TEST_F(SshTest, AKeyFromElsewhereIsRefused) {
  for (const char* field : {"private_key", "public_key"}) {
    refused(make_ca(R"({")" + std::string(field) + R"(":"x"})"), field);
  }
  refused(make_ca(R"({"generate_signing_key":false})"), "generate_signing_key");
  refused(make_ca(R"({"key_type":"ssh-rsa"})"), "key_type");
  refused(make_ca(R"({"key_bits":384})"), "key_bits");
  EXPECT_FALSE(on_token(1));
  EXPECT_TRUE(make_ca(R"({"key_type":"ec","key_bits":256,"private_key":""})").ok());
}

TEST_F(SshTest, ADeletedCasKeyGoesFromTheTokenAndTheNextIsAnother) {
  const std::string first = member(make_ca(), "public_key");
  ASSERT_TRUE(call(Operation::remove, "config/ca").ok());
  refused(call(Operation::read, "config/ca"), "haven't been configured");
  put_role(kUsers);
  refused(sign(), "isn't configured");
  EXPECT_NE(member(make_ca(), "public_key"), first);
  vault.sweep();
  EXPECT_FALSE(on_token(1));
  EXPECT_TRUE(on_token(2));
}

TEST_F(SshTest, AMountThatIsGoneTakesItsKeyAlong) {
  ASSERT_TRUE(make_ca().ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(role(kUsers, "r" + std::to_string(i)).ok());
  ASSERT_TRUE(vault.call(Operation::remove, "sys/mounts/ssh").ok());
  vault.sweep();
  EXPECT_FALSE(on_token(1));
  const auto tx = vault.begin();
  EXPECT_TRUE(TestVault::must(tx->list({mount, kRoleTable}, {})).empty());
  EXPECT_FALSE(TestVault::must(tx->read(ca_row(mount))).has_value());
}

/// The end of a request before its commit, at any point, leaves a key that the next one takes up.
TEST_F(SshTest, AKeyThatATryBeforeLeftIsTakenUp) {
  TestVault::must(vault.token.generate(pkcs11::KeyRole::sign, ca_key(mount, 1), "left"));
  const Bytes left = spki(1);
  ASSERT_TRUE(make_ca().ok());
  EXPECT_EQ(spki(1), left);
}

TEST_F(SshTest, ATokenThatFailsLeavesNoCa) {
  vault.token.fail_nth(FakeToken::Method::generate, 1, make_error(ErrorCode::unavailable, "gone"));
  EXPECT_EQ(make_ca().error().code, ErrorCode::unavailable);
  refused(call(Operation::read, "config/ca"), "haven't been configured");
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  vault.token.fail_nth(FakeToken::Method::sign, 1, make_error(ErrorCode::unavailable, "gone"));
  EXPECT_EQ(sign().error().code, ErrorCode::unavailable);
  EXPECT_TRUE(sign().ok());
}

/// As after a restore, or at another token.
TEST_F(SshTest, ACaWhoseKeyIsElsewhereIsUnavailableAndCanBeMadeAnew) {
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  TestVault::must(vault.token.destroy(pkcs11::KeyRole::sign, ca_key(mount, 1)));
  EXPECT_EQ(sign().error().code, ErrorCode::unavailable);
  ASSERT_TRUE(call(Operation::remove, "config/ca").ok());
  vault.sweep();
  ASSERT_TRUE(make_ca().ok());
  EXPECT_TRUE(sign().ok());
}

/// The token is outside: what a lost log line would hide must not happen there first.
TEST_F(SshTest, ARequestThatLosesItsRaceSeesTheOthersCa) {
  auto first = vault.stage(vault.root, Operation::update, "ssh/config/ca", "{}");
  auto second = vault.stage(vault.root, Operation::update, "ssh/config/ca", "{}");
  ASSERT_TRUE(first.response.ok() && second.response.ok());
  EXPECT_EQ(first.response->data, second.response->data) << "both found the one key";
  EXPECT_TRUE(vault.commit(std::move(second.writes)));
  EXPECT_FALSE(vault.commit(std::move(first.writes)));
  refused(make_ca(), "already configured");
}

TEST_F(SshTest, SignsAUsersCertificate) {
  ASSERT_TRUE(make_ca().ok());
  put_role(std::string(kUsers) + R"(,"ttl":"30m")");
  const std::uint64_t now = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::seconds>(system_clock().wall().time_since_epoch()).count());
  const auto answer = sign();
  const Parsed made = parsed(member(answer, "signed_key"), spki(1));
  EXPECT_EQ(made.type, 1U);
  EXPECT_EQ(made.principals, std::vector<std::string>{"alice"});
  EXPECT_EQ(made.before - made.after, 1830U) << "from half a minute ago";
  EXPECT_LE(now + 1800, made.before);
  EXPECT_GE(now + 1900, made.before);
  EXPECT_TRUE(made.critical.empty());
  ASSERT_EQ(made.extensions.size(), 1U);
  EXPECT_EQ(made.extensions[0].first, "permit-pty");
  EXPECT_EQ(made.key_id.substr(0, 11), "vault-root-");
  EXPECT_EQ(made.key_id.size(), 11U + 64);
  char hex[17] = {};
  std::snprintf(hex, sizeof hex, "%llx", static_cast<unsigned long long>(made.serial));
  EXPECT_EQ(member(answer, "serial_number"), hex);
  EXPECT_NE(signed_with().serial, made.serial);
}

TEST_F(SshTest, PrincipalsAreThoseOfTheRoleAndNeverNone) {
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  EXPECT_EQ(signed_with(R"(,"valid_principals":"bob,alice,bob")").principals,
            (std::vector<std::string>{"bob", "alice"}));
  refused(sign(R"(,"valid_principals":"bob,root")"), "not a valid value for valid_principals");
  refused(sign(R"(,"valid_principals":"alic")"), "not a valid value");
  refused(sign(R"(,"cert_type":"host")"), "cert_type 'host' is not allowed by role");
  refused(sign(R"(,"cert_type":"x")"), "cert_type must be either");
  put_role(R"("allow_user_certificates":true,"allowed_users":"*")");
  refused(sign(), "empty valid principals");
  EXPECT_EQ(signed_with(R"(,"valid_principals":"any")").principals.size(), 1U);
  refused(sign(R"(,"valid_principals":"a b")"), "valid_principals");
  refused(sign(R"(,"valid_principals":"a\u0000b")"), "valid_principals");
  put_role(R"("allow_user_certificates":true)");
  refused(sign(R"(,"valid_principals":"any")"), "not configured to allow any principals");
}

/// The private half of PROTOCOL.key, whose public key is the one that the certificate is for.
TEST_F(SshTest, IssuesAKeyAndItsCertificate) {
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  const auto answer =
      call(Operation::update, "issue/r", R"({"key_type":"ed25519","valid_principals":"bob"})");
  const std::string line = member(answer, "signed_key");
  const Parsed made = parsed(line, spki(1));
  EXPECT_EQ(made.principals, std::vector<std::string>{"bob"});
  EXPECT_EQ(member(answer, "private_key_type"), "ed25519");
  std::string pem = member(answer, "private_key");
  const std::string begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  const std::string end = "-----END OPENSSH PRIVATE KEY-----\n";
  ASSERT_TRUE(pem.starts_with(begin) && pem.ends_with(end)) << pem;
  pem = pem.substr(begin.size(), pem.size() - begin.size() - end.size());
  std::erase(pem, '\n');
  const Bytes key = *from_base64(pem);
  Reader reader(key);
  EXPECT_EQ(as_text(*reader.raw(15)), std::string_view("openssh-key-v1\0", 15));
  for (const char* none : {"none", "none", ""}) EXPECT_EQ(*reader.text(), none);
  EXPECT_EQ(*reader.u32(), 1U);
  Reader outer(*reader.blob());
  EXPECT_EQ(*outer.text(), "ssh-ed25519");
  const Bytes public_key = to_bytes(*outer.blob());
  Reader inner(*reader.blob());
  EXPECT_TRUE(reader.finish().ok());
  EXPECT_EQ(inner.remaining() % 8, 0U);
  EXPECT_EQ(*inner.u32(), *inner.u32());
  EXPECT_EQ(*inner.text(), "ssh-ed25519");
  EXPECT_EQ(to_bytes(*inner.blob()), public_key);
  const Bytes both = to_bytes(*inner.blob());
  ASSERT_EQ(both.size(), 64U);
  EXPECT_EQ(Bytes(both.begin() + 32, both.end()), public_key);
  EXPECT_EQ(*inner.text(), "");
  for (std::uint8_t pad = 1; inner.remaining() > 0; ++pad) EXPECT_EQ(*inner.u8(), pad);
  // As the certificate has it: behind its type and the nonce.
  const Bytes certificate = *from_base64(line.substr(33, line.size() - 34));
  Reader of(certificate);
  EXPECT_TRUE(of.text().ok() && of.blob().ok());
  EXPECT_EQ(to_bytes(*of.blob()), public_key);
}

TEST_F(SshTest, IssuesTheKindsOfKeysThatTheRoleAllows) {
  ASSERT_TRUE(make_ca().ok());
  const auto issue = [&](const std::string& fields) {
    return call(Operation::update, "issue/r", "{" + fields + "}");
  };
  const auto type_of = [&](const std::string& fields) {
    const std::string line = member(issue(fields), "signed_key");
    return line.substr(0, line.find(' '));
  };
  put_role(kUsers);
  EXPECT_EQ(type_of(R"("key_bits":2048)"), "ssh-rsa-cert-v01@openssh.com") << "as Vault";
  EXPECT_EQ(type_of(R"("key_type":"ec")"), "ecdsa-sha2-nistp256-cert-v01@openssh.com");
  EXPECT_EQ(type_of(R"("key_type":"ec","key_bits":521)"),
            "ecdsa-sha2-nistp521-cert-v01@openssh.com");
  EXPECT_EQ(type_of(R"("key_type":"ed25519","key_bits":0)"), "ssh-ed25519-cert-v01@openssh.com");
  refused(issue(R"("key_bits":1024)"), "key_bits");
  refused(issue(R"("key_bits":8192)"), "key_bits");
  refused(issue(R"("key_bits":-1)"), "key_bits");
  refused(issue(R"("key_type":"ec","key_bits":255)"), "key_bits");
  refused(issue(R"("key_type":"ed25519","key_bits":255)"), "key_bits");
  for (const char* type : {"dsa", "ed25519-sk", "ecdsa-sk", "x"}) {
    refused(issue(R"("key_type":")" + std::string(type) + "\""), "key_type");
  }
  put_role(std::string(kUsers) + R"(,"allowed_user_key_lengths":{"ec":384,"ed25519":0})");
  EXPECT_EQ(type_of(R"("key_type":"ec")"), "ecdsa-sha2-nistp384-cert-v01@openssh.com")
      << "the role's length";
  refused(issue(R"("key_type":"ec","key_bits":256)"), "not allowed by role");
  refused(issue(""), "not allowed by role");
  EXPECT_EQ(type_of(R"("key_type":"ed25519")"), "ssh-ed25519-cert-v01@openssh.com");
}

TEST_F(SshTest, IssuesNothingThatItWouldNotSignAndKeepsNothing) {
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  const auto issue = [&](const std::string& more, const std::string& role = "r") {
    return call(Operation::update, "issue/" + role, R"({"key_type":"ed25519")" + more + "}");
  };
  refused(issue(R"(,"valid_principals":"root")"), "not a valid value for valid_principals");
  refused(issue(R"(,"cert_type":"host")"), "cert_type 'host' is not allowed by role");
  refused(issue(R"(,"extensions":{"permit-pty":""})"), "not on allowed list");
  refused(issue("", "none"), "unknown role");
  auto staged =
      vault.stage(vault.root, Operation::update, "ssh/issue/r", R"({"key_type":"ed25519"})");
  ASSERT_TRUE(staged.response.ok());
  EXPECT_TRUE(staged.writes.empty()) << "the private key is in the answer alone";
  ASSERT_TRUE(call(Operation::remove, "config/ca").ok());
  refused(issue(""), "isn't configured");
}

TEST_F(SshTest, HostsAreInTheDomainsOfTheRole) {
  ASSERT_TRUE(make_ca().ok());
  const auto host = [&](const std::string& names) {
    return sign(R"(,"cert_type":"host","valid_principals":")" + names + "\"");
  };
  put_role(
      R"("allow_host_certificates":true,"allowed_domains":"example.com","allow_subdomains":true)");
  EXPECT_EQ(parsed(member(host("a.example.com,b.c.example.com"), "signed_key"), spki(1)).type, 2U);
  for (const char* name :
       {"example.com", "aexample.com", "a.example.com.evil.org", "example.com.", "*",
        "*.example.com", "?.example.com", "a*.example.com", ".example.com", "a..example.com"}) {
    refused(host(name), "not a valid value");
  }
  put_role(
      R"("allow_host_certificates":true,"allowed_domains":"example.com","allow_bare_domains":true)");
  EXPECT_TRUE(host("example.com").ok());
  refused(host("a.example.com"), "not a valid value");
  refused(sign(), "cert_type 'user' is not allowed by role");
}

TEST_F(SshTest, ATtlEndsAtTheRolesMaximum) {
  ASSERT_TRUE(make_ca().ok());
  const auto life = [](const Parsed& made) { return made.before - made.after - 30; };
  put_role(std::string(kUsers) + R"(,"ttl":60,"max_ttl":"1h")");
  EXPECT_EQ(life(signed_with()), 60U);
  EXPECT_EQ(life(signed_with(R"(,"ttl":"1h")")), 3600U);
  EXPECT_EQ(life(signed_with(R"(,"ttl":0)")), 60U);
  refused(sign(R"(,"ttl":3601)"), "ttl is larger than maximum allowed 3600");
  refused(sign(R"(,"ttl":-1)"), "ttl");
  put_role(std::string(kUsers) + R"(,"max_ttl":"1h","not_before_duration":0)");
  const Parsed made = signed_with();
  EXPECT_EQ(made.before - made.after, 3600U) << "the mount's 768 h, cut";
  refused(role(std::string(kUsers) + R"(,"ttl":61,"max_ttl":60)"), "less than");
}

/// To ask for another critical option doesn't lift a forced command.
TEST_F(SshTest, CriticalOptionsOfTheRoleStay) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  ASSERT_TRUE(make_ca().ok());
  put_role(std::string(kUsers) + R"(,"default_critical_options":{"force-command":"/bin/true"})");
  EXPECT_EQ(signed_with().critical, (Pairs{{"force-command", "/bin/true"}}));
  EXPECT_EQ(signed_with(R"(,"critical_options":{"source-address":"10.0.0.1"})").critical,
            (Pairs{{"force-command", "/bin/true"}, {"source-address", "10.0.0.1"}}));
  refused(sign(R"(,"critical_options":{"force-command":"/bin/sh"})"), "critical_options");
  refused(sign(R"(,"critical_options":{"force-command":""})"), "critical_options");
  put_role(std::string(kUsers) + R"(,"default_critical_options":{"force-command":"/bin/true"},
                                    "allowed_critical_options":"force-command")");
  EXPECT_EQ(signed_with(R"(,"critical_options":{"force-command":"/bin/sh"})").critical,
            (Pairs{{"force-command", "/bin/sh"}}));
  refused(sign(R"(,"critical_options":{"source-address":"10.0.0.1"})"), "not on allowed list");
}

TEST_F(SshTest, ExtensionsAreAskedForFromTheRolesList) {
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  refused(sign(R"(,"extensions":{"permit-pty":""})"), "not on allowed list");
  put_role(std::string(kUsers) + R"(,"allowed_extensions":"permit-pty,permit-agent-forwarding")");
  EXPECT_EQ(signed_with(R"(,"extensions":{"permit-agent-forwarding":""})").extensions.size(), 1U);
  refused(sign(R"(,"extensions":{"permit-user-rc":""})"), "not on allowed list");
  put_role(std::string(kUsers) + R"(,"allowed_extensions":"*")");
  EXPECT_EQ(signed_with(R"(,"extensions":{"z@x":"v","a":""})").extensions.size(), 2U);
  refused(sign(R"(,"extensions":{"a":1})"), "extensions");
  refused(sign(R"(,"extensions":{"":""})"), "extensions");
}

TEST_F(SshTest, KeyIdsFollowTheRole) {
  ASSERT_TRUE(make_ca().ok());
  put_role(kUsers);
  refused(sign(R"(,"key_id":"mine")"), "setting key_id is not allowed by role");
  put_role(std::string(kUsers) + R"(,"key_id_format":"{{role_name}}/{{token_display_name}}")");
  EXPECT_EQ(signed_with().key_id, "r/root");
  put_role(std::string(kUsers) + R"(,"allow_user_key_ids":true)");
  EXPECT_EQ(signed_with(R"(,"key_id":"mine")").key_id, "mine");
  refused(sign(R"(,"key_id":"a\nb")"), "key_id");
}

TEST_F(SshTest, KeysAreOfTheTypesThatTheRoleAllows) {
  ASSERT_TRUE(make_ca().ok());
  put_role(std::string(kUsers) + R"(,"allowed_user_key_lengths":{"rsa":[2048,4096],"ecdsa":521})");
  refused(sign(), "key type and length");
  for (const char* key : {kRsaVector.key, kP521Vector.key}) {
    EXPECT_TRUE(
        call(Operation::update, "sign/r", R"({"public_key":")" + std::string(key) + "\"}").ok());
  }
  put_role(std::string(kUsers) + R"(,"allowed_user_key_lengths":{"ed25519":0,"rsa":3072})");
  EXPECT_TRUE(sign().ok());
  refused(
      call(Operation::update, "sign/r", R"({"public_key":")" + std::string(kRsaVector.key) + "\"}"),
      "key type and length");
  refused(call(Operation::update, "sign/r", "{}"), "public_key");
  refused(call(Operation::update, "sign/r", R"({"public_key":"x"})"), "public_key");
  refused(call(Operation::update, "sign/nosuch", "{}"), "unknown role");
}

TEST_F(SshTest, ARoleIsReadAsItWasWrittenAndWholeEachTime) {
  put_role(std::string(kUsers) + R"(,"allowed_user_key_lengths":{"ec":256},"ttl":"1h")");
  const auto answer = call(Operation::read, "roles/r");
  EXPECT_EQ(member(answer, "allowed_users"), "alice, bob");
  EXPECT_EQ(member(answer, "ttl"), "3600");
  EXPECT_EQ(member(answer, "key_type"), "ca");
  EXPECT_EQ(Json::parse(answer->data)->find("allowed_user_key_lengths")->compact(),
            R"({"ecdsa":[256]})");
  EXPECT_EQ(Json::parse(answer->data)->find("default_extensions")->compact(),
            R"({"permit-pty":""})");
  put_role(R"("allow_host_certificates":true,"allow_user_certificates":"")");
  EXPECT_EQ(member(call(Operation::read, "roles/r"), "allowed_users"), "");
  EXPECT_EQ(call(Operation::list, "roles/")->data,
            R"({"keys":["r"],"key_info":{"r":{"key_type":"ca"}}})");
  ASSERT_TRUE(call(Operation::remove, "roles/r").ok());
  EXPECT_EQ(call(Operation::read, "roles/r").error().code, ErrorCode::not_found);
  EXPECT_EQ(call(Operation::list, "roles/").error().code, ErrorCode::not_found);
}

TEST_F(SshTest, WhatARoleCannotHaveIsRefusedByName) {
  refused(call(Operation::update, "roles/r", R"({"allow_user_certificates":true})"), "key_type");
  refused(call(Operation::update, "roles/r", R"({"key_type":"otp"})"), "key_type");
  refused(role(R"("allowed_users":"a")"), "allow_user_certificates");
  for (const char* field :
       {"allowed_users_template", "allowed_domains_template", "default_user_template",
        "default_extensions_template", "allow_empty_principals"}) {
    refused(role(std::string(kUsers) + ",\"" + field + "\":true"), field);
    EXPECT_TRUE(role(std::string(kUsers) + ",\"" + field + "\":false").ok());
  }
  refused(role(std::string(kUsers) + R"(,"algorithm_signer":"rsa-sha2-256")"), "algorithm_signer");
  EXPECT_TRUE(role(std::string(kUsers) + R"(,"algorithm_signer":"default")").ok());
  refused(role(std::string(kUsers) + R"(,"not_before_duration":-1)"), "not_before_duration");
  refused(role(std::string(kUsers) + R"(,"allowed_user_key_lengths":{"dsa":1024})"),
          "allowed_user_key_lengths");
  refused(role(std::string(kUsers) + R"(,"allowed_user_key_lengths":{"rsa":"many"})"),
          "allowed_user_key_lengths");
  refused(role(R"("allow_user_certificates":true,"default_extensions":{"a":7})"),
          "default_extensions");
  refused(role(std::string(kUsers) + R"(,"allowed_extensions":"a\nb")"), "allowed_extensions");
  refused(role(kUsers, "-r"), "name");
}

}  // namespace
}  // namespace coffer::engines::ssh
