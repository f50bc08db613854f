// Digests and HMAC over parts, on one context for each thread and hash. Private to the room.
#pragma once

#include <initializer_list>

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {

enum class Hash : std::uint8_t { sha256, sha512 };

inline constexpr std::size_t kSha256Size = 32;
inline constexpr std::size_t kSha512Size = 64;

/// The digest of the parts one after another. Precondition: `out` has the hash's size.
[[nodiscard]] Result<void> digest(Hash hash, std::initializer_list<ByteView> parts,
                                  MutableByteView out);

/// HMAC of the parts one after another. `out` has the hash's size and may overlap a part.
[[nodiscard]] Result<void> hmac(Hash hash, ByteView key, std::initializer_list<ByteView> parts,
                                MutableByteView out);

}  // namespace coffer::crypto
