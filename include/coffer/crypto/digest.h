// SHA-2, HMAC (FIPS 198-1), HKDF (RFC 5869), constant-time comparison. Thread-safe; contexts and
// fetched algorithms are kept per thread.
#pragma once

#include <array>
#include <initializer_list>

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {

using Sha256 = std::array<std::uint8_t, 32>;
using Sha512 = std::array<std::uint8_t, 64>;

[[nodiscard]] Result<Sha256> sha256(ByteView data);
/// Over `prefix ‖ data`, without joining them (RFC 6962 leaf: prefix 0x00).
[[nodiscard]] Result<Sha256> sha256(ByteView prefix, ByteView data);
[[nodiscard]] Result<Sha256> hmac_sha256(ByteView key, ByteView data);
/// Over the parts one after another, without joining them: the caller makes them unambiguous.
[[nodiscard]] Result<Sha256> hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

[[nodiscard]] Result<Sha512> hmac_sha512(ByteView key, std::initializer_list<ByteView> parts);

/// HKDF-SHA-512, extract and expand. `out` at most 255 * 64 bytes.
[[nodiscard]] Result<void> hkdf_sha512(ByteView key, ByteView salt, ByteView info,
                                       MutableByteView out);
/// The same with the parts of the key one after another, without joining them in memory.
[[nodiscard]] Result<void> hkdf_sha512(std::initializer_list<ByteView> key, ByteView salt,
                                       ByteView info, MutableByteView out);

/// By Vault's names: sha2-224, -256, -384, -512 and sha3-224, -256, -384, -512. invalid_argument
/// for another.
[[nodiscard]] Result<Bytes> digest_by_name(std::string_view algorithm, ByteView data);

/// Time depends on the lengths alone; unequal lengths are unequal.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace coffer::crypto
