// A sign key at work, whatever its kind.
#pragma once

#include "coffer/crypto/digest.h"
#include "key_cache.h"
#include "session.h"

namespace coffer::pkcs11 {

/// A signature as crypto::verify() takes it, of a message by its SHA-256, which no token computes:
/// SoftHSM has no CKM_ECDSA_SHA256, others have no CKM_SHA256_RSA_PKCS_PSS.
[[nodiscard]] Result<Bytes> key_sign(Session& session, const Key& key,
                                     const crypto::Sha256& digest);

}  // namespace coffer::pkcs11
