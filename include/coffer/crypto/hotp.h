// One-time passwords: HOTP (RFC 4226), and with the other hashes as TOTP uses it (RFC 6238).
#pragma once

#include <cstdint>
#include <string>

#include "coffer/base/bytes.h"

namespace coffer::crypto {

/// Numbers are part of a format (docs/formats/totp.md).
enum class OtpHash : std::uint8_t { sha1 = 1, sha256 = 2, sha512 = 3 };

/// The code for this counter: so many decimal digits, 6 to 8. Precondition: a key of 1 byte or
/// more. Thread-safe.
[[nodiscard]] Result<std::string> hotp(OtpHash hash, ByteView key, std::uint64_t counter,
                                       unsigned digits);

}  // namespace coffer::crypto
