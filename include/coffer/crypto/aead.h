// AES-256-GCM (SP 800-38D): 96-bit IV, 128-bit tag, never anything else. Thread-safe.
#pragma once

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {

inline constexpr std::size_t kAeadKeySize = 32;
inline constexpr std::size_t kAeadIvSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;

/// Gives ciphertext ‖ tag. The caller owns the uniqueness of (key, iv).
[[nodiscard]] Result<Bytes> aead_seal(ByteView key, ByteView iv, ByteView aad, ByteView plaintext);

/// The same into `out`, which has plaintext.size() + kAeadTagSize bytes. On failure its content is
/// unspecified.
[[nodiscard]] Result<void> aead_seal_to(ByteView key, ByteView iv, ByteView aad, ByteView plaintext,
                                        MutableByteView out);

/// `out` has sealed.size() - kAeadTagSize bytes. Any mismatch is `corrupt`, and `out` is wiped.
[[nodiscard]] Result<void> aead_open(ByteView key, ByteView iv, ByteView aad, ByteView sealed,
                                     MutableByteView out);

}  // namespace coffer::crypto
