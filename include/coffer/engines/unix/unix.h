// The engine at auth/unix/: the roles of peers of the socket. docs/auth.md.
#pragma once

#include <memory>

#include "coffer/auth/unix_roles.h"
#include "coffer/engine/engine.h"

namespace coffer::engines::unix_peer {

/// `roles` outlives it.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(const auth::UnixRoles& roles);

}  // namespace coffer::engines::unix_peer
