// RSA public keys as OpenSSL holds them. Private to the room.
#pragma once

#include "coffer/crypto/rsa.h"
#include "openssl.h"

namespace coffer::crypto {

/// Precondition of every use: size and exponent are what rsa_modulus_size() demands.
[[nodiscard]] Result<KeyPtr> parse_rsa(ByteView spki);

}  // namespace coffer::crypto
