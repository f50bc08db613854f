// Random bytes of the operating system, by OpenSSL (SP 800-90A). Thread-safe.
#pragma once

#include "coffer/base/secure_bytes.h"
#include "coffer/base/uuid.h"

namespace coffer::crypto {

/// For what anyone may see: ids, IVs, salts, nonces. Short ones come from bytes that the thread
/// drew ahead; a forked child draws its own.
[[nodiscard]] Result<void> random_fill(MutableByteView out);
[[nodiscard]] Result<Bytes> random_bytes(std::size_t size);
/// For keys and tokens: a generator of its own, never drawn ahead, straight into locked memory.
[[nodiscard]] Result<SecureBytes> random_secret(std::size_t size);
[[nodiscard]] Result<Uuid> random_uuid();  ///< RFC 9562 version 4

}  // namespace coffer::crypto
