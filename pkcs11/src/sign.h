// A sign key at work, whatever its kind.
#pragma once

#include "key_cache.h"
#include "session.h"

namespace coffer::pkcs11 {

/// A signature as crypto::verify() takes it, over SHA-256, which is computed here: SoftHSM has no
/// CKM_ECDSA_SHA256, others have no CKM_SHA256_RSA_PKCS_PSS.
[[nodiscard]] Result<Bytes> key_sign(Session& session, const Key& key, ByteView message);

}  // namespace coffer::pkcs11
