// Which user the daemon runs as.
#pragma once

#include "coffer/base/result.h"
#include "config.h"

namespace coffer::daemon {

/// Becomes settings.user with its groups, for good, and looks whether it took; without a user stays
/// who it is. precondition: it would run as root and allow_root isn't set; no such user or group;
/// it isn't root and can't become another. Before any thread starts.
[[nodiscard]] Result<void> become_user(const ProcessSettings& settings);

}  // namespace coffer::daemon
