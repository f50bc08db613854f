#include "coffer/crypto/rsa.h"

#include <algorithm>
#include <set>

#include "coffer/crypto/signer.h"
#include "fakes/soft_rsa.h"
#include "hex.h"
#include "rsa_vectors.h"

namespace coffer::crypto {
namespace {

using fakes::soft_oaep_open;
using fakes::SoftHash;
using fakes::SoftRsaKey;

constexpr std::string_view kF4 = "010001";

struct Case {
  OaepHash hash;
  SoftHash soft;
  SoftRsaKey key;
  Bytes message;
  Bytes sealed;
};

std::vector<Case> cases() {
  return {{OaepHash::sha256,
           SoftHash::sha256,
           {hex(kOaep256Modulus), hex(kOaep256Exponent)},
           hex(kOaep256Message),
           hex(kOaep256Sealed)},
          {OaepHash::sha1,
           SoftHash::sha1,
           {hex(kOaep1Modulus), hex(kOaep1Exponent)},
           hex(kOaep1Message),
           hex(kOaep1Sealed)}};
}

Bytes spki(const SoftRsaKey& key) {
  auto made = spki_from_rsa(key.modulus, hex(kF4));
  EXPECT_TRUE(made.ok()) << describe(made.error());
  return made.ok() ? *made : Bytes();
}

ErrorCode code_of(ByteView key) {
  const auto size = rsa_modulus_size(key);
  EXPECT_FALSE(size.ok());
  return size.ok() ? ErrorCode::internal : size.error().code;
}

// What follows is held against soft_oaep_open(), so that is held against the standard's vectors.
TEST(RsaOaep, TheTestsOwnDecryptionOpensTheVectors) {
  for (const Case& each : cases()) {
    const auto opened = soft_oaep_open(each.key, each.soft, each.sealed);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, each.message);
    for (const std::size_t at : {std::size_t{0}, std::size_t{100}, each.sealed.size() - 1}) {
      Bytes tampered = each.sealed;
      tampered[at] ^= 1U;
      EXPECT_FALSE(soft_oaep_open(each.key, each.soft, tampered).ok()) << at;
    }
  }
}

TEST(RsaOaep, WhatIsEncryptedOpensWithThePrivateKeyAndThatHashAlone) {
  for (const Case& each : cases()) {
    const auto sealed = rsa_oaep_encrypt(spki(each.key), each.hash, each.message);
    ASSERT_TRUE(sealed.ok()) << describe(sealed.error());
    EXPECT_EQ(sealed->size(), 256U);
    const auto opened = soft_oaep_open(each.key, each.soft, *sealed);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, each.message);
    const SoftHash other = each.soft == SoftHash::sha1 ? SoftHash::sha256 : SoftHash::sha1;
    EXPECT_FALSE(soft_oaep_open(each.key, other, *sealed).ok());
  }
}

TEST(RsaOaep, TakesEveryLengthUpToItsCapacity) {
  for (const Case& each : cases()) {
    const Bytes key = spki(each.key);
    const std::size_t most = rsa_oaep_capacity(256, each.hash);
    EXPECT_EQ(most, each.hash == OaepHash::sha256 ? 190U : 214U);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{64}, most}) {
      const Bytes plain(size, 7);
      const auto sealed = rsa_oaep_encrypt(key, each.hash, plain);
      ASSERT_TRUE(sealed.ok()) << size;
      const auto opened = soft_oaep_open(each.key, each.soft, *sealed);
      ASSERT_TRUE(opened.ok()) << size;
      EXPECT_EQ(*opened, plain);
    }
    const auto beyond = rsa_oaep_encrypt(key, each.hash, Bytes(most + 1, 7));
    ASSERT_FALSE(beyond.ok());
    EXPECT_EQ(beyond.error().code, ErrorCode::too_large);
  }
  EXPECT_EQ(rsa_oaep_capacity(66, OaepHash::sha256), 0U);
  EXPECT_EQ(rsa_oaep_capacity(0, OaepHash::sha256), 0U);
}

TEST(RsaOaep, TheSameMessageIsNeverTheSameCiphertext) {
  const Case each = cases().front();
  std::set<Bytes> seen;
  for (int i = 0; i < 32; ++i) {
    const auto sealed = rsa_oaep_encrypt(spki(each.key), each.hash, each.message);
    ASSERT_TRUE(sealed.ok());
    seen.insert(*sealed);
  }
  EXPECT_EQ(seen.size(), 32U);
}

TEST(RsaKey, IsSpkiWithLeadingZerosOrWithout) {
  const Case each = cases().front();
  Bytes padded(4, 0);
  padded.insert(padded.end(), each.key.modulus.begin(), each.key.modulus.end());
  const auto made = spki_from_rsa(padded, hex("00010001"));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*made, spki(each.key));
  EXPECT_EQ(*rsa_modulus_size(*made), 256U);
  // RFC 8017 appendix A.1, RFC 5280: SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING }.
  EXPECT_EQ(to_hex(ByteView(*made).first(24)), "30820122300d06092a864886f70d01010105000382010f00");
}

TEST(RsaKey, ShortEvenAndWeakOnesAreRefused) {
  const Bytes modulus = cases().front().key.modulus;
  const Bytes f4 = hex(kF4);
  const auto refused = [](ByteView n, ByteView e) {
    const auto made = spki_from_rsa(n, e);
    return !made.ok() && made.error().code == ErrorCode::invalid_argument;
  };
  const Bytes longest(1024, 0xff);
  EXPECT_TRUE(spki_from_rsa(longest, f4).ok());
  EXPECT_TRUE(refused(Bytes(1025, 0xff), f4));
  EXPECT_TRUE(refused(Bytes(100000, 0xff), f4));
  EXPECT_TRUE(refused(ByteView(modulus).first(128), f4)) << "1016 bits or so";
  Bytes short_by_a_bit = modulus;
  short_by_a_bit[0] = 0x7f;
  EXPECT_TRUE(refused(short_by_a_bit, f4)) << "2047 bits";
  Bytes even = modulus;
  even.back() ^= 1U;
  EXPECT_TRUE(refused(even, f4));
  for (const std::string_view e : {"", "00", "01", "03", "010000", "00ffff"}) {
    EXPECT_TRUE(refused(modulus, hex(e))) << e;
  }
  EXPECT_TRUE(refused(modulus, Bytes(33, 0xff))) << "2^256 and more";
  EXPECT_TRUE(refused({}, f4));
}

/// The same 1024-bit key in DER, as another program writes it.
TEST(RsaKey, AShortOneIsRefusedByEveryUse) {
  Bytes small = hex("30819f300d06092a864886f70d010101050003818d0030818902818100");
  small.insert(small.end(), 127, 0xff);
  small.insert(small.end(), {0xff, 0x02, 0x03, 0x01, 0x00, 0x01});
  EXPECT_EQ(code_of(small), ErrorCode::invalid_argument);
  const auto sealed = rsa_oaep_encrypt(small, OaepHash::sha256, Bytes{1});
  ASSERT_FALSE(sealed.ok());
  EXPECT_EQ(sealed.error().code, ErrorCode::invalid_argument);
}

TEST(RsaKey, EveryTruncationAnExtraByteAndOtherKindsAreRefused) {
  const Bytes key = spki(cases().front().key);
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(code_of(ByteView(key).first(size)), ErrorCode::invalid_argument) << size;
  }
  Bytes longer = key;
  longer.push_back(0);
  EXPECT_EQ(code_of(longer), ErrorCode::invalid_argument);
  Bytes pss = key;
  // id-RSASSA-PSS instead of rsaEncryption (RFC 4055): 1.2.840.113549.1.1.10.
  const Bytes oid = hex("2a864886f70d010101");
  const auto at = std::search(pss.begin(), pss.end(), oid.begin(), oid.end());
  ASSERT_NE(at, pss.end());
  *(at + 8) = 10;
  EXPECT_EQ(code_of(pss), ErrorCode::invalid_argument);
  // The P-256 key of RFC 6979 appendix A.2.5.
  EXPECT_EQ(code_of(hex("3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961"
                        "eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc"
                        "64f2f1b20c2d7e9f5177a3c294d4462299")),
            ErrorCode::invalid_argument);
}

/// The code of a verification that has to fail.
ErrorCode refusal(ByteView key, ByteView message, ByteView signature) {
  const auto verified = verify(key, message, signature);
  EXPECT_FALSE(verified.ok());
  return verified.ok() ? ErrorCode::internal : verified.error().code;
}

TEST(Verify, AnRsaKeyVerifiesPssOverThatMessageAlone) {
  const Bytes key = spki(cases().front().key);
  const Bytes message = hex(kOaep256Message);
  const Bytes signature = hex(kPssSignature);
  EXPECT_TRUE(verify(key, message, signature).ok());
  EXPECT_EQ(*signature_size(key), signature.size());
  EXPECT_EQ(refusal(key, ByteView(message).first(31), signature), ErrorCode::corrupt);
  EXPECT_EQ(refusal(key, {}, signature), ErrorCode::corrupt);
  EXPECT_EQ(refusal(spki(cases().back().key), message, signature), ErrorCode::corrupt);
}

TEST(Verify, EveryFlippedByteAndTruncationOfAPssSignatureIsCorrupt) {
  const Bytes key = spki(cases().front().key);
  const Bytes message = hex(kOaep256Message);
  const Bytes signature = hex(kPssSignature);
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Bytes tampered = signature;
    tampered[i] ^= 1U;
    EXPECT_EQ(refusal(key, message, tampered), ErrorCode::corrupt) << i;
    EXPECT_EQ(refusal(key, message, ByteView(signature).first(i)), ErrorCode::corrupt) << i;
  }
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_EQ(refusal(key, message, longer), ErrorCode::corrupt);
}

TEST(Verify, AP256KeyVerifiesEcdsaAndOthersAreNoKeys) {
  // RFC 6979 appendix A.2.5, "sample" with SHA-256.
  const Bytes key = hex(
      "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8"
      "923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  const Bytes signature = hex(
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e2"
      "9f65f3e900dbb9aff4064dc4ab2f843acda8");
  EXPECT_TRUE(verify(key, as_bytes("sample"), signature).ok());
  EXPECT_EQ(*signature_size(key), 64U);
  EXPECT_EQ(refusal(key, as_bytes("test"), signature), ErrorCode::corrupt);
  for (const std::size_t size : {0U, 1U, 90U}) {
    EXPECT_FALSE(signature_size(ByteView(key).first(size)).ok());
    EXPECT_EQ(refusal(ByteView(key).first(size), as_bytes("sample"), signature),
              ErrorCode::invalid_argument);
  }
  const Bytes long_and_no_key(300, 0x30);
  EXPECT_FALSE(signature_size(long_and_no_key).ok());
  EXPECT_EQ(refusal(long_and_no_key, as_bytes("sample"), signature), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace coffer::crypto
