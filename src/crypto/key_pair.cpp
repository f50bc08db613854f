#include "coffer/crypto/key_pair.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "coffer/crypto/ed25519.h"
#include "openssl.h"

namespace coffer::crypto {
namespace {

using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Releaser<BN_clear_free>>;

constexpr std::size_t kLeastRsaBits = 2048;
constexpr std::size_t kMostRsaBits = 4096;

/// Without a passphrase, in the form of its algorithm's own standard, which every SSH client reads.
Result<SecureBytes> own_pem(const EVP_PKEY* key) {
  const BioPtr out(BIO_new(BIO_s_secmem()));
  if (out == nullptr || PEM_write_bio_PrivateKey_traditional(out.get(), key, nullptr, nullptr, 0,
                                                             nullptr, nullptr) != 1) {
    return openssl_error("PEM_write_bio_PrivateKey_traditional");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  if (size <= 0) return openssl_error("BIO_get_mem_data");
  return SecureBytes::copy_of(as_bytes({data, static_cast<std::size_t>(size)}));
}

Result<Bytes> number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return openssl_error("EVP_PKEY_get_bn_param");
  const NumberPtr number(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  if (BN_bn2bin(number.get(), bytes.data()) != static_cast<int>(bytes.size())) {
    return openssl_error("BN_bn2bin");
  }
  return bytes;
}

const char* curve_of(std::size_t bits) {
  switch (bits) {
    case 256: return "P-256";
    case 384: return "P-384";
    case 521: return "P-521";
    default: return nullptr;
  }
}

}  // namespace

Result<RsaPair> make_rsa_pair(std::size_t bits) {
  if (bits < kLeastRsaBits || bits > kMostRsaBits) {
    return make_error(ErrorCode::invalid_argument, "wanted an RSA key of 2048 to 4096 bits");
  }
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
  if (key == nullptr) return openssl_error("EVP_PKEY_Q_keygen");
  RsaPair pair;
  COFFER_TRY(pair.modulus, number_of(key.get(), OSSL_PKEY_PARAM_RSA_N));
  COFFER_TRY(pair.exponent, number_of(key.get(), OSSL_PKEY_PARAM_RSA_E));
  COFFER_TRY(pair.pem, own_pem(key.get()));
  return pair;
}

Result<EcPair> make_ec_pair(std::size_t bits) {
  const char* const curve = curve_of(bits);
  if (curve == nullptr) {
    return make_error(ErrorCode::invalid_argument, "wanted a curve of 256, 384 or 521 bits");
  }
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
  if (key == nullptr) return openssl_error("EVP_PKEY_Q_keygen");
  EcPair pair;
  pair.point.resize(1 + 2 * ((bits + 7) / 8));
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, pair.point.data(),
                                      pair.point.size(), &size) != 1 ||
      size != pair.point.size()) {
    return openssl_error("EVP_PKEY_get_octet_string_param");
  }
  COFFER_TRY(pair.pem, own_pem(key.get()));
  return pair;
}

Result<Ed25519Pair> make_ed25519_pair() {
  const KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (key == nullptr) return openssl_error("EVP_PKEY_Q_keygen");
  Bytes public_key(kEd25519KeySize);
  Bytes seed(kEd25519KeySize);
  std::size_t public_size = public_key.size();
  std::size_t seed_size = seed.size();
  const bool got = EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &public_size) == 1 &&
                   EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &seed_size) == 1;
  auto kept = SecureBytes::copy_of(seed);
  wipe(seed);
  if (!got || public_size != kEd25519KeySize || seed_size != kEd25519KeySize) {
    return openssl_error("EVP_PKEY_get_raw_private_key");
  }
  COFFER_TRY(SecureBytes secret, std::move(kept));
  return Ed25519Pair{.public_key = std::move(public_key), .seed = std::move(secret)};
}

}  // namespace coffer::crypto
