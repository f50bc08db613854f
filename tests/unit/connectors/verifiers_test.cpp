// Against what others computed.
#include "src/connectors/verifiers.h"

#include <gtest/gtest.h>

#include "coffer/crypto/password_hash.h"

namespace coffer::connectors {
namespace {

SecureBytes secret(std::string_view text) {
  auto copy = SecureBytes::copy_of(as_bytes(text));
  return copy.ok() ? *std::move(copy) : SecureBytes();
}

// RFC 7677 section 3: user "user", password "pencil". The RFC gives proof and server signature;
// these are the keys that they come from, as PostgreSQL 15's own encrypt_password writes them.
TEST(ScramVerifier, IsThatOfRfc7677) {
  const auto salt = from_base64("W22ZaJ0SNY7soEsUEjb6gQ==");
  ASSERT_TRUE(salt.ok());
  const auto verifier = scram_verifier(secret("pencil"), *salt, 4096);
  ASSERT_TRUE(verifier.ok()) << describe(verifier.error());
  EXPECT_EQ(
      *verifier,
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
      "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

/// The client's proof of RFC 7677 section 3 must check out against the stored key alone, as a
/// server checks it (RFC 5802 section 3).
TEST(ScramVerifier, AcceptsTheProofOfRfc7677) {
  const std::string stored_text = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";
  const auto stored = from_base64(stored_text);
  const auto proof = from_base64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  ASSERT_TRUE(stored.ok() && proof.ok());
  const std::string message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,"
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const auto signature = crypto::hmac_sha256(*stored, as_bytes(message));
  ASSERT_TRUE(signature.ok());
  Bytes client_key = *proof;
  for (std::size_t i = 0; i < client_key.size(); ++i) client_key[i] ^= (*signature)[i];
  const auto hash = crypto::sha256(client_key);
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(to_base64(*hash), stored_text);
}

TEST(ScramVerifier, HasASaltOfItsOwnEachTime) {
  const auto one = scram_verifier(secret("pencil"));
  const auto two = scram_verifier(secret("pencil"));
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(*one, *two);
}

TEST(ScramVerifier, RefusesWhatSaslprepWouldChange) {
  for (const std::string_view text : {std::string_view(""), std::string_view("caf\xc3\xa9"),
                                      std::string_view("a\0b", 3), std::string_view("a\x7f")}) {
    EXPECT_FALSE(scram_verifier(secret(text)).ok());
  }
}

// MariaDB 10.11: SELECT PASSWORD('mariadb').
TEST(NativePassword, IsMariaDbsOwn) {
  const auto hash = native_password_hash(secret("mariadb"));
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(*hash, "*54958E764CE10E50764C2EECBB71D01F08549980");
}

// Redis' documentation of ACL SETUSER; FIPS 180-2's own "abc".
TEST(RedisPassword, IsSha256) {
  const auto hash = redis_password_hash(secret("abc"));
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(*hash, "#ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 7914 section 11.
TEST(Pbkdf2, IsThatOfRfc7914) {
  const auto key = crypto::pbkdf2_sha256(as_bytes("passwd"), as_bytes("salt"), 1);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(to_hex(*key), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}

TEST(Pbkdf2, RefusesNoIterations) {
  EXPECT_FALSE(crypto::pbkdf2_sha256(as_bytes("passwd"), as_bytes("salt"), 0).ok());
}

}  // namespace
}  // namespace coffer::connectors
