#include "coffer/crypto/ed25519.h"

#include <gtest/gtest.h>

namespace coffer::crypto::test {
namespace {

SecureBytes pem_of(std::string_view text) { return *SecureBytes::copy_of(as_bytes(text)); }

/// RFC 8032 section 7.1, TEST 2, its seed in the form of RFC 8410.
const std::string_view kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

TEST(Ed25519, SignsAsTheStandardDoes) {
  const SecureBytes pem = pem_of(kPem);
  const auto key = ed25519_public(pem);
  ASSERT_TRUE(key.ok()) << describe(key.error());
  EXPECT_EQ(to_hex(*key), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Bytes message = {0x72};
  const auto signature = sign_ed25519(pem, message);
  ASSERT_TRUE(signature.ok());
  EXPECT_EQ(to_hex(*signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(verify_ed25519(*key, message, *signature).ok());
}

TEST(Ed25519, RefusesEveryFlippedBit) {
  const auto pem = make_ed25519_pem();
  ASSERT_TRUE(pem.ok());
  const Bytes key = *ed25519_public(*pem);
  const Bytes message = {1, 2, 3};
  const Bytes good = *sign_ed25519(*pem, message);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1U;
    EXPECT_EQ(verify_ed25519(key, message, bad).error().code, ErrorCode::corrupt) << i;
  }
  EXPECT_EQ(verify_ed25519(key, Bytes{1, 2}, good).error().code, ErrorCode::corrupt);
  EXPECT_EQ(verify_ed25519(key, message, {}).error().code, ErrorCode::corrupt);
  EXPECT_EQ(verify_ed25519(Bytes(31), message, good).error().code, ErrorCode::invalid_argument);
}

TEST(Ed25519, IsReadFromNothingElse) {
  for (const std::string_view text : {"", "x", "-----BEGIN PRIVATE KEY-----\n"}) {
    EXPECT_EQ(ed25519_public(pem_of(text)).error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace coffer::crypto::test
