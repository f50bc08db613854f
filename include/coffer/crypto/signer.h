// Something that signs, and the check of what it signed. The private key is on the token.
#pragma once

#include <string>

#include "coffer/base/bytes.h"

namespace coffer::crypto {

/// ECDSA on P-256 with SHA-256 (FIPS 186-5). Signatures are r ‖ s, 64 bytes, as PKCS#11 gives them.
/// Thread-safe.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual Result<Bytes> sign(ByteView message) = 0;
  /// SubjectPublicKeyInfo, DER (RFC 5280).
  [[nodiscard]] virtual ByteView public_key() const = 0;
};

/// permission-free check: corrupt if the signature isn't by that key over that message.
[[nodiscard]] Result<void> verify_p256(ByteView spki, ByteView message, ByteView signature);
/// The uncompressed point (CKA_EC_POINT's content, 65 bytes) as SubjectPublicKeyInfo.
[[nodiscard]] Result<Bytes> spki_from_p256_point(ByteView point);
[[nodiscard]] std::string pem_from_spki(ByteView spki);
[[nodiscard]] Result<Bytes> spki_from_pem(std::string_view pem);

}  // namespace coffer::crypto
