// Public keys of P-256, as tokens write them.
#pragma once

#include "coffer/base/bytes.h"
#include "session.h"

namespace coffer::pkcs11 {

/// Of a public key object of P-256; its CKA_EC_POINT may come with or without the OCTET STRING that
/// the standard wants around the point. SubjectPublicKeyInfo, DER.
[[nodiscard]] Result<Bytes> read_public_key(Session& session, CK_OBJECT_HANDLE key);
/// The point alone: 65 bytes, uncompressed. precondition for anything else.
[[nodiscard]] Result<ByteView> unwrap_ec_point(ByteView attribute);

}  // namespace coffer::pkcs11
