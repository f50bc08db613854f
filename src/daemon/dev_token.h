// A SoftHSM token for development, with its own configuration and PIN under the vault's directory.
#pragma once

#include <string>

#include "coffer/pkcs11/token.h"

namespace coffer::daemon {

struct DevToken {
  pkcs11::TokenConfig config;
  SecureBytes pin;
};

/// Makes `directory`/token and `directory`/pin (0400) the first time, and finds them after that.
/// Sets SOFTHSM2_CONF for this process: call before any thread starts and before a module is
/// loaded.
[[nodiscard]] Result<DevToken> prepare_dev_token(const std::string& directory);

}  // namespace coffer::daemon
