#include "coffer/crypto/signer.h"

#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "coffer/crypto/der_signature.h"
#include "openssl.h"

namespace coffer::crypto {
namespace {

constexpr std::size_t kScalarSize = 32;
constexpr std::size_t kPointSize = 1 + 2 * kScalarSize;
constexpr std::uint8_t kUncompressed = 0x04;

// RFC 5480: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes }. DER has
// one encoding only, so anything else is another kind of key or not DER.
constexpr std::array<std::uint8_t, 26> kSpkiPrefix = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

Error not_a_p256_key() {
  forget_openssl_errors();
  return make_error(ErrorCode::invalid_argument, "not a P-256 public key");
}

/// Parsing checks that the point is on the curve.
Result<KeyPtr> parse_p256(ByteView spki) {
  if (spki.size() != kSpkiPrefix.size() + kPointSize ||
      !std::equal(kSpkiPrefix.begin(), kSpkiPrefix.end(), spki.begin()) ||
      spki[kSpkiPrefix.size()] != kUncompressed) {
    return not_a_p256_key();
  }
  const std::uint8_t* at = spki.data();
  KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (key == nullptr) return not_a_p256_key();
  return key;
}

Error not_signed() {
  forget_openssl_errors();
  return make_error(ErrorCode::corrupt, "the signature isn't by that key over these bytes");
}

}  // namespace

Result<Bytes> der_signature(ByteView signature) {
  if (signature.size() != 2 * kScalarSize) {
    return make_error(ErrorCode::corrupt, "a P-256 signature must be 64 bytes");
  }
  EcdsaSignaturePtr parts(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), kScalarSize, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + kScalarSize, kScalarSize, nullptr);
  if (parts == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return openssl_error("ECDSA_SIG_set0");
  }
  const int size = i2d_ECDSA_SIG(parts.get(), nullptr);
  if (size <= 0) return openssl_error("i2d_ECDSA_SIG");
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* at = der.data();
  if (i2d_ECDSA_SIG(parts.get(), &at) != size) return openssl_error("i2d_ECDSA_SIG");
  return der;
}

Result<void> verify_p256(ByteView spki, ByteView message, ByteView signature) {
  COFFER_TRY(const KeyPtr key, parse_p256(spki));
  if (signature.size() != 2 * kScalarSize) return not_signed();
  COFFER_TRY(const Bytes der, der_signature(signature));
  const DigestContextPtr context(EVP_MD_CTX_new());
  if (context == nullptr) return openssl_error("EVP_MD_CTX_new");
  if (EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, "", key.get(), nullptr) !=
      1) {
    return openssl_error("EVP_DigestVerifyInit_ex");
  }
  // 1 alone is a good signature; 0 and negative values (r or s out of range) are all bad ones.
  if (EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) !=
      1) {
    return not_signed();
  }
  return {};
}

Result<Bytes> spki_from_p256_point(ByteView point) {
  Bytes spki(kSpkiPrefix.begin(), kSpkiPrefix.end());
  spki.insert(spki.end(), point.begin(), point.end());
  COFFER_TRY(const KeyPtr key, parse_p256(spki));
  return spki;
}

}  // namespace coffer::crypto
