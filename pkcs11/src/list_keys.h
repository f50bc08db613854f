// Which keys are on the token, whoever made them.
#pragma once

#include "coffer/pkcs11/token.h"
#include "session.h"

namespace coffer::pkcs11 {

/// As Token::list_keys() gives them.
[[nodiscard]] Result<ListedKeys> list_key_objects(Session& session);

}  // namespace coffer::pkcs11
