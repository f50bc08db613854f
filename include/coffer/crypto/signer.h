// Something that signs, and the check of what it signed. The private key is on the token.
#pragma once

#include <string>

#include "coffer/base/bytes.h"

namespace coffer::crypto {

/// ECDSA on P-256 with SHA-256 (FIPS 186-5): r ‖ s, 64 bytes, as PKCS#11 gives them. By a token
/// without elliptic curves RSASSA-PSS (RFC 8017) with SHA-256, MGF1 with SHA-256 and a salt of 32
/// bytes, as long as the modulus. The public key tells which. Thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual Result<Bytes> sign(ByteView message) = 0;
  /// SubjectPublicKeyInfo, DER (RFC 5280).
  [[nodiscard]] virtual ByteView public_key() const = 0;
};

/// By whichever of the two algorithms the key is for. corrupt if the signature isn't by that key
/// over that message; invalid_argument for another kind of key, or RSA below 2048 bits.
[[nodiscard]] Result<void> verify(ByteView spki, ByteView message, ByteView signature);
/// Bytes of each signature by that key. invalid_argument as verify().
[[nodiscard]] Result<std::size_t> signature_size(ByteView spki);

/// permission-free check: corrupt if the signature isn't by that key over that message.
[[nodiscard]] Result<void> verify_p256(ByteView spki, ByteView message, ByteView signature);
/// The uncompressed point (CKA_EC_POINT's content, 65 bytes) as SubjectPublicKeyInfo.
[[nodiscard]] Result<Bytes> spki_from_p256_point(ByteView point);
[[nodiscard]] std::string pem_from_spki(ByteView spki);
[[nodiscard]] Result<Bytes> spki_from_pem(std::string_view pem);

}  // namespace coffer::crypto
