// The private half of RSA, over big numbers alone: what tests hold the host's public half and a
// fake token's wraps against. Nothing here runs in constant time.
#pragma once

#include "coffer/base/bytes.h"

namespace coffer::fakes {

enum class SoftHash { sha256, sha1 };

/// Big-endian numbers.
struct SoftRsaKey {
  Bytes modulus;
  Bytes private_exponent;
};

/// RSAES-OAEP-DECRYPT with an empty label (RFC 8017 section 7.1.2), step by step. corrupt.
[[nodiscard]] Result<Bytes> soft_oaep_open(const SoftRsaKey& key, SoftHash hash, ByteView sealed);

}  // namespace coffer::fakes
