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

/// All 14 spellings of the points of small order, computed from the curve's equation in Python.
TEST(Ed25519, WithAKeyThatAnybodySignsForIsRefused) {
  const std::string zeros(60, '0');
  const std::string ones(60, 'f');
  for (const std::string& spelt :
       {"00" + zeros + "00", "00" + zeros + "80", "01" + zeros + "00", "01" + zeros + "80",
        "ec" + ones + "7f", "ec" + ones + "ff", "ed" + ones + "7f", "ed" + ones + "ff",
        "ee" + ones + "7f", "ee" + ones + "ff",
        std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")}) {
    Bytes key = *from_hex(spelt);
    EXPECT_EQ(check_ed25519_key(key).error().code, ErrorCode::invalid_argument) << spelt;
    key[5] ^= 1U;
    EXPECT_TRUE(check_ed25519_key(key).ok()) << spelt;
  }
  EXPECT_TRUE(check_ed25519_key(*ed25519_public(pem_of(kPem))).ok());
}

/// With the neutral element as key it also is the R, and S is 0: good for every message, for
/// OpenSSL.
TEST(Ed25519, SignaturesWithoutAKeyAreRefused) {
  Bytes neutral(kEd25519KeySize);
  neutral.front() = 1;
  Bytes forged = neutral;
  forged.resize(kEd25519SignatureSize);
  EXPECT_EQ(verify_ed25519(neutral, Bytes{1, 2, 3}, forged).error().code,
            ErrorCode::invalid_argument);
}

TEST(Ed25519, IsReadFromNothingElse) {
  for (const std::string_view text : {"", "x", "-----BEGIN PRIVATE KEY-----\n"}) {
    EXPECT_EQ(ed25519_public(pem_of(text)).error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace coffer::crypto::test
