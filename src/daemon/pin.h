// Where the token's PIN comes from: never from an argument, an environment variable or a URI.
#pragma once

#include "coffer/base/secure_bytes.h"
#include "config.h"

namespace coffer::daemon {

/// By settings.pin_from; not for `operator_entry`, which has nothing to read. precondition if
/// others may read it, it is empty, or there is no $CREDENTIALS_DIRECTORY.
[[nodiscard]] Result<SecureBytes> read_pin(const TokenSettings& settings);

/// One line of standard input; without echo where that is a terminal.
[[nodiscard]] Result<SecureBytes> read_pin_from_input();

}  // namespace coffer::daemon
