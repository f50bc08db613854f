// Key pairs for others: what OpenSSL reads of the private half is the public half.
#include "coffer/crypto/key_pair.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <set>

#include "coffer/crypto/ed25519.h"
#include "coffer/crypto/rsa.h"

namespace coffer::crypto {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

std::string text_of(const SecureBytes& secret) {
  return std::string(as_text(secret.expose(Reveal{"a test looks at it"})));
}

Key read(const std::string& pem) {
  BIO* source = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Key key(PEM_read_bio_PrivateKey(source, nullptr, nullptr, nullptr), &EVP_PKEY_free);
  BIO_free(source);
  return key;
}

bool holds_together(EVP_PKEY* key) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  const bool good = EVP_PKEY_pairwise_check(context) == 1;
  EVP_PKEY_CTX_free(context);
  return good;
}

Bytes spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

TEST(KeyPair, RsaIsOfTheLengthThatWasAsked) {
  const auto pair = make_rsa_pair(2048);
  ASSERT_TRUE(pair.ok()) << describe(pair.error());
  EXPECT_EQ(pair->modulus.size(), 256U);
  EXPECT_NE(pair->modulus.front() & 0x80U, 0U);
  EXPECT_EQ(to_hex(pair->exponent), "010001");
  const std::string pem = text_of(pair->pem);
  EXPECT_TRUE(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n")) << "PKCS#1";
  const Key key = read(pem);
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(holds_together(key.get()));
  const auto spki = spki_from_rsa(pair->modulus, pair->exponent);
  ASSERT_TRUE(spki.ok());
  EXPECT_EQ(to_hex(spki_of(key.get())), to_hex(*spki));
}

TEST(KeyPair, EcIsOnTheCurveThatWasAsked) {
  for (const auto& [bits, size] :
       {std::pair<std::size_t, std::size_t>{256, 65}, {384, 97}, {521, 133}}) {
    const auto pair = make_ec_pair(bits);
    ASSERT_TRUE(pair.ok()) << bits;
    EXPECT_EQ(pair->point.size(), size);
    EXPECT_EQ(pair->point.front(), 4U);
    const std::string pem = text_of(pair->pem);
    EXPECT_TRUE(pem.starts_with("-----BEGIN EC PRIVATE KEY-----\n")) << "SEC 1";
    const Key key = read(pem);
    ASSERT_NE(key, nullptr);
    EXPECT_TRUE(holds_together(key.get()));
    Bytes point(size);
    std::size_t got = 0;
    ASSERT_EQ(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                              point.size(), &got),
              1);
    EXPECT_EQ(to_hex(point), to_hex(pair->point));
  }
}

TEST(KeyPair, Ed25519IsSeedAndPublicKey) {
  const auto pair = make_ed25519_pair();
  ASSERT_TRUE(pair.ok());
  const ByteView seed = pair->seed.expose(Reveal{"a test looks at it"});
  ASSERT_EQ(seed.size(), 32U);
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
                &EVP_PKEY_free);
  ASSERT_NE(key, nullptr);
  Bytes public_key(kEd25519KeySize);
  std::size_t size = public_key.size();
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size), 1);
  EXPECT_EQ(to_hex(public_key), to_hex(pair->public_key));
}

TEST(KeyPair, NeverComesTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    seen.insert(to_hex(make_ed25519_pair()->public_key));
    seen.insert(to_hex(make_ec_pair(256)->point));
  }
  EXPECT_EQ(seen.size(), 40U);
}

TEST(KeyPair, IsRefusedWhereItWouldBeWeakOrTakeForEver) {
  for (const std::size_t bits : {0U, 512U, 1024U, 2047U, 4097U, 16384U}) {
    const auto pair = make_rsa_pair(bits);
    ASSERT_FALSE(pair.ok()) << bits;
    EXPECT_EQ(pair.error().code, ErrorCode::invalid_argument);
  }
  for (const std::size_t bits : {0U, 224U, 255U, 512U}) {
    const auto pair = make_ec_pair(bits);
    ASSERT_FALSE(pair.ok()) << bits;
    EXPECT_EQ(pair.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace coffer::crypto
