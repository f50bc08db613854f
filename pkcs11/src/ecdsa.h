// Signing with P-256 on the token, and the public key that goes with it.
#pragma once

#include "session.h"

#include "coffer/base/bytes.h"

namespace coffer::pkcs11 {

/// r ‖ s over SHA-256, which is computed here: SoftHSM has no CKM_ECDSA_SHA256.
[[nodiscard]] Result<Bytes> ecdsa_sign(Session& session, CK_OBJECT_HANDLE key, ByteView message);
/// Of a public key object of P-256; its CKA_EC_POINT may come with or without the OCTET STRING that
/// the standard wants around the point. SubjectPublicKeyInfo, DER.
[[nodiscard]] Result<Bytes> read_public_key(Session& session, CK_OBJECT_HANDLE key);
/// The point alone: 65 bytes, uncompressed. precondition for anything else.
[[nodiscard]] Result<ByteView> unwrap_ec_point(ByteView attribute);

}  // namespace coffer::pkcs11
