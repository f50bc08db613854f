// The public half of a key pair, as the token tells it.
#pragma once

#include "coffer/base/bytes.h"
#include "rules.h"
#include "session.h"

namespace coffer::pkcs11 {

/// The object's attributes are those of its role; the key is SubjectPublicKeyInfo, DER. That it
/// belongs to the private half is for the caller to prove: the object could be anybody's.
/// not_found; precondition.
[[nodiscard]] Result<Bytes> read_public_half(Session& session, KeyKind kind, ByteView id,
                                             const Profile& profile);

}  // namespace coffer::pkcs11
