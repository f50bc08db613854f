// A Signer's signature as other programs take it.
#pragma once

#include "coffer/base/bytes.h"
#include "coffer/base/result.h"

namespace coffer::crypto {

/// r ‖ s of P-256, 64 bytes, as ECDSA-Sig-Value (RFC 3279 section 2.2.3): what `openssl dgst`
/// takes. corrupt for another length.
[[nodiscard]] Result<Bytes> der_signature(ByteView signature);

}  // namespace coffer::crypto
