// A role of the unix peer as clients write and read it.
#pragma once

#include "coffer/auth/unix_roles.h"
#include "coffer/model/fields.h"

namespace coffer::engines::unix_peer {

/// Fields that are left out keep their value. invalid_argument names the field. The whole must make
/// sense: some uid, gid or group; a unit where containers are let in; no overflow ids; no `root`.
[[nodiscard]] Result<void> apply(const model::Fields& fields, auth::StoredUnixRole& stored);

[[nodiscard]] std::string role_data(const auth::UnixRole& role);

}  // namespace coffer::engines::unix_peer
