// How roles of the unix peer are written. docs/formats/auth.md.
#pragma once

#include "coffer/auth/unix_roles.h"

namespace coffer::auth {

[[nodiscard]] std::string encode_unix_role(const UnixRole& role);
[[nodiscard]] Result<UnixRole> decode_unix_role(std::string_view value);

}  // namespace coffer::auth
