// From a module to a token that is logged in.
#pragma once

#include <memory>
#include <string>

#include "coffer/pkcs11/profile.h"
#include "coffer/pkcs11/token.h"
#include "login.h"
#include "module.h"
#include "session.h"
#include "uri.h"

namespace coffer::pkcs11 {

/// TokenConfig's say in how the token is spoken to.
struct Manner {
  std::string profile = "auto";
  std::string init_string{};
  bool accept_insecure = false;
};

struct Connection {
  std::unique_ptr<Module> module;
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
  Profile profile{};
  /// Does nothing but exist: when a token's last session closes, its login ends.
  Session keeper;
};

/// Initialises the module, finds the token, logs in. Tried again for about three seconds, from
/// C_Initialize on, while the token isn't there or doesn't answer: SoftHSM shows no token, or one
/// without PIN, in the moment in which another process logs in. Never after a PIN was refused;
/// never with a PIN where the make isn't to be trusted: precondition. Where it fails, `outcome`
/// says how far it came with the PIN.
[[nodiscard]] Result<Connection> connect(std::unique_ptr<Module> module, const TokenUri& uri,
                                         const SecureBytes& pin, FewTries few,
                                         LoginOutcome* outcome = nullptr,
                                         const Manner& manner = {});

/// By what the configuration says of module, token and manner.
[[nodiscard]] Result<Connection> connect(const TokenConfig& config, const SecureBytes& pin,
                                         LoginOutcome* outcome = nullptr);

}  // namespace coffer::pkcs11
