// Signatures by the kind of their public key; RSASSA-PSS is here, ECDSA in signer.cpp.
#include <openssl/rsa.h>

#include "coffer/crypto/signer.h"
#include "rsa.h"

namespace coffer::crypto {
namespace {

constexpr int kSaltSize = 32;  // RFC 8017 section 9.1: as long as the hash
constexpr std::size_t kP256SpkiSize = 91;
constexpr std::size_t kP256SignatureSize = 64;

/// No RSA key that is allowed here is as short; and verify_p256() looks at every byte of the
/// prefix.
bool is_for_p256(ByteView spki) noexcept { return spki.size() <= kP256SpkiSize; }

Result<void> verify_pss(ByteView spki, ByteView message, ByteView signature) {
  COFFER_TRY(const KeyPtr key, parse_rsa(spki));
  const DigestContextPtr context(EVP_MD_CTX_new());
  if (context == nullptr) return openssl_error("EVP_MD_CTX_new");
  EVP_PKEY_CTX* options = nullptr;  // owned by `context`
  if (EVP_DigestVerifyInit_ex(context.get(), &options, "SHA256", nullptr, "", key.get(), nullptr) !=
          1 ||
      EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, kSaltSize) != 1) {
    return openssl_error("EVP_DigestVerifyInit_ex");
  }
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1) {
    return {};
  }
  forget_openssl_errors();
  return make_error(ErrorCode::corrupt, "the signature isn't by that key over these bytes");
}

}  // namespace

Result<void> verify(ByteView spki, ByteView message, ByteView signature) {
  if (is_for_p256(spki)) return verify_p256(spki, message, signature);
  return verify_pss(spki, message, signature);
}

Result<std::size_t> signature_size(ByteView spki) {
  if (!is_for_p256(spki)) return rsa_modulus_size(spki);
  // Any key of that size that isn't one of P-256 is refused by the verification itself.
  if (spki.size() == kP256SpkiSize) return kP256SignatureSize;
  return make_error(ErrorCode::invalid_argument, "not a public key of P-256 or RSA");
}

}  // namespace coffer::crypto
