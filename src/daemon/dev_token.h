// A SoftHSM token for development, with its own configuration and PIN under the vault's directory.
#pragma once

#include <string>
#include <vector>

#include "coffer/pkcs11/supervisor.h"

namespace coffer::daemon {

struct DevToken {
  pkcs11::TokenConfig config;
  std::vector<std::string> environment;  ///< of the process that loads the module
};

/// Makes `directory`/token the first time, without a token in it.
[[nodiscard]] Result<DevToken> prepare_dev_token(const std::string& directory);

/// Makes the token and `directory`/pin (0400) unless they are there. `supervisor` has the token's
/// environment.
[[nodiscard]] Result<void> make_dev_token(const std::string& directory, const DevToken& token,
                                          pkcs11::Supervisor& supervisor);

}  // namespace coffer::daemon
