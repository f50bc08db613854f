#include "rsa.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace coffer::crypto {
namespace {

using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, Releaser<EVP_PKEY_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Releaser<BN_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Releaser<OSSL_PARAM_BLD_free>>;
using ParametersPtr = std::unique_ptr<OSSL_PARAM, Releaser<OSSL_PARAM_free>>;

constexpr BN_ULONG kLeastExponent = 65537;

Error not_an_rsa_key() {
  forget_openssl_errors();
  return make_error(ErrorCode::invalid_argument,
                    "not an RSA public key of 2048 to 8192 bits with an exponent of 65537 or more");
}

NumberPtr number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return nullptr;
  return NumberPtr(number);
}

/// A modulus that is even or short, or the exponent 1, would make a wrap that anyone opens.
bool is_sound(const EVP_PKEY* key) {
  const NumberPtr modulus = number_of(key, OSSL_PKEY_PARAM_RSA_N);
  const NumberPtr exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  if (modulus == nullptr || exponent == nullptr) return false;
  const auto bits = static_cast<std::size_t>(BN_num_bits(modulus.get()));
  if (bits < kRsaLeastBits || bits > kRsaMostBits || BN_is_odd(modulus.get()) != 1) return false;
  const NumberPtr least(BN_new());
  if (least == nullptr || BN_set_word(least.get(), kLeastExponent) != 1) return false;
  return BN_is_odd(exponent.get()) == 1 && BN_num_bits(exponent.get()) <= 256 &&
         BN_cmp(exponent.get(), least.get()) >= 0;
}

const EVP_MD* digest_of(OaepHash hash) {
  switch (hash) {
    case OaepHash::sha256: return EVP_sha256();
    case OaepHash::sha1: return EVP_sha1();
  }
  return nullptr;
}

std::size_t size_of(OaepHash hash) noexcept { return hash == OaepHash::sha256 ? 32 : 20; }

Result<Bytes> spki_of(EVP_PKEY* key) {
  const int size = i2d_PUBKEY(key, nullptr);
  if (size <= 0) return openssl_error("i2d_PUBKEY");
  Bytes spki(static_cast<std::size_t>(size));
  std::uint8_t* at = spki.data();
  if (i2d_PUBKEY(key, &at) != size) return openssl_error("i2d_PUBKEY");
  return spki;
}

Result<ParametersPtr> numbers_as_parameters(const BIGNUM* modulus, const BIGNUM* exponent) {
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) != 1) {
    return openssl_error("OSSL_PARAM_BLD_push_BN");
  }
  ParametersPtr parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  if (parameters == nullptr) return openssl_error("OSSL_PARAM_BLD_to_param");
  return parameters;
}

}  // namespace

Result<KeyPtr> parse_rsa(ByteView spki) {
  const std::uint8_t* at = spki.data();
  KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  // RSA-PSS keys (another algorithm id) are neither for OAEP nor what a token gives.
  if (key == nullptr || at != spki.data() + spki.size() || EVP_PKEY_is_a(key.get(), "RSA") != 1 ||
      !is_sound(key.get())) {
    return not_an_rsa_key();
  }
  return key;
}

Result<std::size_t> rsa_modulus_size(ByteView spki) {
  COFFER_TRY(const KeyPtr key, parse_rsa(spki));
  return static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
}

std::size_t rsa_oaep_capacity(std::size_t modulus_size, OaepHash hash) noexcept {
  const std::size_t overhead = 2 * size_of(hash) + 2;
  return modulus_size > overhead ? modulus_size - overhead : 0;
}

Result<Bytes> rsa_oaep_encrypt(ByteView spki, OaepHash hash, ByteView plain) {
  COFFER_TRY(const KeyPtr key, parse_rsa(spki));
  const auto size = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
  if (plain.size() > rsa_oaep_capacity(size, hash)) {
    return make_error(ErrorCode::too_large, "too much to encrypt with an RSA key of this size");
  }
  const ContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (context == nullptr || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest_of(hash)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_of(hash)) != 1) {
    return openssl_error("EVP_PKEY_encrypt_init");
  }
  Bytes sealed(size);
  std::size_t written = sealed.size();
  if (EVP_PKEY_encrypt(context.get(), sealed.data(), &written, plain.data(), plain.size()) != 1 ||
      written != sealed.size()) {
    return openssl_error("EVP_PKEY_encrypt");
  }
  return sealed;
}

Result<Bytes> spki_from_rsa(ByteView modulus, ByteView exponent) {
  if (modulus.size() > 2 * kRsaMostBits / 8 || exponent.size() > 2 * kRsaMostBits / 8) {
    return not_an_rsa_key();
  }
  const NumberPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const NumberPtr e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  if (n == nullptr || e == nullptr) return openssl_error("BN_bin2bn");
  COFFER_TRY(const ParametersPtr parameters, numbers_as_parameters(n.get(), e.get()));
  const ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return not_an_rsa_key();
  }
  const KeyPtr key(made);
  if (!is_sound(key.get())) return not_an_rsa_key();
  return spki_of(key.get());
}

}  // namespace coffer::crypto
