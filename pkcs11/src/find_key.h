// Which object on the token is the key of a role and id.
#pragma once

#include "rules.h"
#include "session.h"

namespace coffer::pkcs11 {

struct FoundKey {
  CK_OBJECT_HANDLE object = 0;
  KeyKind kind{};
};

/// The one object of that id that could be a key of the role; its attributes are still to be
/// checked. A private key that only does the other role's work is none. not_found; precondition if
/// there are several.
[[nodiscard]] Result<FoundKey> find_key_of(Session& session, KeyRole role, ByteView id);

}  // namespace coffer::pkcs11
