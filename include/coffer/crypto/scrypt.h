// scrypt (RFC 7914): a hash of what has few bits, made slow and large on purpose.
#pragma once

#include "coffer/crypto/digest.h"

namespace coffer::crypto {

struct ScryptCost {
  std::uint8_t log2_n = 14;  ///< with r = 8: 16 MiB
  std::uint8_t r = 8;
  std::uint8_t p = 1;
};

/// 32 bytes. At most 256 MiB: invalid_argument beyond. Thread-safe.
[[nodiscard]] Result<Sha256> scrypt(ByteView password, ByteView salt, const ScryptCost& cost);

}  // namespace coffer::crypto
