// The cryptography of FakeToken, over OpenSSL directly: tests of rooms that use `crypto` shouldn't
// take it for its own oracle.
#pragma once

#include <array>

#include "coffer/base/secure_bytes.h"

namespace coffer::fakes {

using Block32 = std::array<std::uint8_t, 32>;

[[nodiscard]] Block32 soft_sha256(ByteView data);
/// IV ‖ ciphertext ‖ tag.
[[nodiscard]] Result<Bytes> soft_gcm_seal(const Block32& key, ByteView iv, ByteView aad,
                                          ByteView plaintext);
[[nodiscard]] Result<SecureBytes> soft_gcm_open(const Block32& key, ByteView aad, ByteView sealed);

/// True if the bytes are a private scalar of P-256: neither zero nor beyond the order.
[[nodiscard]] bool soft_p256_valid(const Block32& scalar);
/// SubjectPublicKeyInfo, DER.
[[nodiscard]] Result<Bytes> soft_p256_public(const Block32& scalar);
/// r ‖ s over SHA-256, the nonce made from key and message.
[[nodiscard]] Result<Bytes> soft_p256_sign(const Block32& scalar, ByteView message);
[[nodiscard]] Result<Bytes> soft_p256_sign_digest(const Block32& scalar, const Block32& digest);

}  // namespace coffer::fakes
