// OpenSSH certificates, signed by a key that was made on the token, in Vault's wire format.
// docs/ssh.md.
#pragma once

#include <functional>
#include <memory>

#include "coffer/engine/engine.h"
#include "coffer/lifecycle/due.h"
#include "coffer/pkcs11/token.h"

namespace coffer::engines::ssh {

/// Told once a CA's key was made, given up, or destroyed; may be told when nothing came of it. From
/// any thread.
using KeysChanged = std::function<void()>;

/// Serves every mount of type `ssh`. Thread-safe. `token` outlives it.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(pkcs11::Token& token,
                                                          KeysChanged changed);

/// Destroys on the token the keys of CAs that were deleted. `token` outlives the handlers.
void register_handlers(lifecycle::Handlers& handlers, pkcs11::Token& token, KeysChanged changed);

}  // namespace coffer::engines::ssh
