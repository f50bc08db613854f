// Public keys and certificates, byte for byte as OpenSSH has them.
#include "src/engines/ssh/certificate.h"

#include <gtest/gtest.h>

#include "coffer/base/codec.h"
#include "vectors.h"

namespace coffer::engines::ssh {
namespace {

Certificate base_of(const Vector& vector) {
  Certificate certificate;
  auto key = parse_public_key(vector.key);
  EXPECT_TRUE(key.ok());
  if (key.ok()) certificate.key = *std::move(key);
  certificate.nonce = *from_hex(vector.nonce);
  certificate.valid_after = 1767225600;
  certificate.valid_before = 1767312000;
  return certificate;
}

/// Ours, with ssh-keygen's nonce and signature.
std::string made(const Certificate& certificate, const Vector& vector) {
  const std::string line(kVectorCa);
  const Bytes ca = *from_base64(line.substr(line.find(' ') + 1));
  return signed_certificate(certificate, to_be_signed(certificate, ca),
                            *from_hex(vector.signature));
}

TEST(Certificate, IsWhatSshKeygenMakesForAUser) {
  Certificate certificate = base_of(kEd25519Vector);
  certificate.serial = 0xFEDCBA9876543210U;
  certificate.key_id = "key id";
  certificate.principals = {"alice", "bob"};
  certificate.critical_options = {{"source-address", "10.0.0.0/8"}, {"force-command", "/bin/true"}};
  certificate.extensions = {{"permit-pty", ""}, {"permit-agent-forwarding", ""}};
  EXPECT_EQ(made(certificate, kEd25519Vector), kEd25519Vector.certificate + std::string("\n"));
}

TEST(Certificate, IsWhatSshKeygenMakesForAHost) {
  Certificate certificate = base_of(kRsaVector);
  certificate.type = CertificateType::host;
  certificate.serial = 1;
  certificate.key_id = "host";
  certificate.principals = {"a.example.com"};
  EXPECT_EQ(made(certificate, kRsaVector), kRsaVector.certificate + std::string("\n"));
}

TEST(Certificate, IsWhatSshKeygenMakesForACurveOfOddSize) {
  Certificate certificate = base_of(kP521Vector);
  certificate.key_id = "x";
  certificate.principals = {"u"};
  EXPECT_EQ(made(certificate, kP521Vector), kP521Vector.certificate + std::string("\n"));
}

TEST(Certificate, ShortNumbersOfASignatureLoseTheirZeros) {
  const Certificate certificate = base_of(kEd25519Vector);
  Bytes signature(64, 0);
  signature[31] = 0x80;
  signature[63] = 0x7F;
  const std::string line = signed_certificate(certificate, {}, signature);
  const Bytes blob =
      *from_base64(line.substr(line.find(' ') + 1, line.size() - line.find(' ') - 2));
  EXPECT_EQ(to_hex(ByteView(blob).last(15)), "0000000b000000020080000000017f");
}

TEST(Certificate, TheCasLineIsThatOfItsPoint) {
  const std::string line(kVectorCa);
  const Bytes blob = *from_base64(line.substr(line.find(' ') + 1));
  EXPECT_EQ(ca_line(ByteView(blob).last(65)), line + "\n");
}

TEST(PublicKey, KnowsItsTypeAndSize) {
  const auto ed25519 = parse_public_key(kEd25519Vector.key);
  const auto rsa = parse_public_key(std::string(kRsaVector.key) + "\r\n");
  const auto p521 = parse_public_key(kP521Vector.key);
  ASSERT_TRUE(ed25519.ok() && rsa.ok() && p521.ok());
  EXPECT_EQ(ed25519->type, KeyType::ed25519);
  EXPECT_EQ(rsa->type, KeyType::rsa);
  EXPECT_EQ(rsa->bits, 2048U);
  EXPECT_EQ(p521->type, KeyType::ecdsa);
  EXPECT_EQ(p521->bits, 521U);
}

std::string line_of(std::string_view type, const Writer& blob) {
  return std::string(type) + " " + to_base64(blob.view());
}

std::string rsa_line(const Bytes& exponent, const Bytes& modulus) {
  Writer blob;
  blob.text("ssh-rsa").blob(exponent).blob(modulus);
  return line_of("ssh-rsa", blob);
}

Bytes number(std::size_t size, std::uint8_t first) {
  Bytes bytes(size, 0x55);
  bytes[0] = first;
  return bytes;
}

void refused(const std::string& line, std::string_view part) {
  const auto parsed = parse_public_key(line);
  ASSERT_FALSE(parsed.ok()) << line;
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(parsed.error().text.find("public_key"), std::string::npos);
  EXPECT_NE(parsed.error().text.find(part), std::string::npos) << parsed.error().text;
}

TEST(PublicKey, TakesTheKeysOfSecurityKeys) {
  Writer ed25519;
  ed25519.text("sk-ssh-ed25519@openssh.com").blob(Bytes(32, 7)).text("ssh:");
  const auto key = parse_public_key(line_of("sk-ssh-ed25519@openssh.com", ed25519));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->certificate, "sk-ssh-ed25519-cert-v01@openssh.com");
  Writer ecdsa;
  ecdsa.text("sk-ecdsa-sha2-nistp256@openssh.com").text("nistp256");
  ecdsa.blob(number(65, 4)).text("ssh:");
  EXPECT_TRUE(parse_public_key(line_of("sk-ecdsa-sha2-nistp256@openssh.com", ecdsa)).ok());
}

TEST(PublicKey, RefusesRsaThatIsSmallOrOddlyWritten) {
  const Bytes e = {1, 0, 1};
  Bytes modulus = number(257, 0);
  modulus[1] = 0x80;
  EXPECT_TRUE(parse_public_key(rsa_line(e, modulus)).ok());
  refused(rsa_line(e, number(256, 0x7F)), "2048");
  refused(rsa_line(e, number(2049, 1)), "16384");
  refused(rsa_line(e, number(256, 0x80)), "positive");
  refused(rsa_line(e, number(257, 0)), "zeros");
  refused(rsa_line({1}, modulus), "exponent");
  refused(rsa_line({}, modulus), "positive");
  refused(rsa_line({0}, modulus), "zeros");
  refused(rsa_line(number(9, 1), modulus), "exponent");
}

TEST(PublicKey, RefusesWhatIsNone) {
  const std::string good = kEd25519Vector.key;
  const std::string word = good.substr(good.find(' ') + 1, 68);
  ASSERT_TRUE(parse_public_key("ssh-ed25519 " + word).ok());
  ASSERT_TRUE(parse_public_key("ssh-ed25519\t" + word + "  a comment of words").ok());
  refused("", "unknown type");
  refused("ssh-ed25519", "type");
  refused("ssh-dss " + word, "unknown type");
  refused(kEd25519Vector.certificate, "unknown type");
  refused("ssh-rsa " + word, "another type");
  refused("ssh-ed25519 " + word.substr(0, 64), "cut off");
  refused("ssh-ed25519 " + word.substr(0, 67), "base64");
  refused("ssh-ed25519 " + word + "\n" + good, "more than one line");
  refused("ssh-ed25519 " + word + '\0', "more than one line");
  refused("command=\"x\" " + good, "unknown type");
  refused(" " + good, "unknown type");
  refused("ssh-ed25519 " + word + " " + std::string(20'000, 'x'), "16 KiB");
  Writer longer;
  longer.text("ssh-ed25519").blob(Bytes(32, 7)).u8(0);
  refused(line_of("ssh-ed25519", longer), "goes on");
  Writer shorter;
  shorter.text("ssh-ed25519").blob(Bytes(31, 7));
  refused(line_of("ssh-ed25519", shorter), "32 bytes");
  Writer weak;
  weak.text("ssh-ed25519").blob(Bytes(32, 0));
  refused(line_of("ssh-ed25519", weak), "anybody can sign");
  Writer compressed;
  compressed.text("ecdsa-sha2-nistp256").text("nistp256").blob(number(33, 2));
  refused(line_of("ecdsa-sha2-nistp256", compressed), "point");
  Writer other;
  other.text("ecdsa-sha2-nistp256").text("nistp384").blob(number(65, 4));
  refused(line_of("ecdsa-sha2-nistp256", other), "point");
}

}  // namespace
}  // namespace coffer::engines::ssh
