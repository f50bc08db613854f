// Hashes that protocols of other programs prescribe for passwords. Thread-safe.
#pragma once

#include "coffer/crypto/digest.h"

namespace coffer::crypto {

using Sha1 = std::array<std::uint8_t, 20>;

/// PBKDF2-HMAC-SHA-256 (RFC 8018), which SCRAM calls Hi() (RFC 5802). At least one iteration.
[[nodiscard]] Result<Sha256> pbkdf2_sha256(ByteView password, ByteView salt,
                                           std::uint32_t iterations);
/// Broken as a hash: only for what another program defines by it, never for anything of ours.
[[nodiscard]] Result<Sha1> sha1(ByteView data);

}  // namespace coffer::crypto
