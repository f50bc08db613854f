// OpenSSH certificates, signed by a key that was made on the token, in Vault's wire format.
// docs/ssh.md.
#pragma once

#include <memory>

#include "coffer/engine/engine.h"
#include "coffer/lifecycle/due.h"
#include "coffer/pkcs11/token.h"

namespace coffer::engines::ssh {

/// Serves every mount of type `ssh`. Thread-safe. `token` outlives it.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(pkcs11::Token& token);

/// Destroys on the token the keys of CAs that were deleted. `token` outlives the handlers.
void register_handlers(lifecycle::Handlers& handlers, pkcs11::Token& token);

}  // namespace coffer::engines::ssh
