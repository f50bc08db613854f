// Which user the daemon runs as.
#pragma once

#include "coffer/base/result.h"
#include "config.h"

namespace coffer::daemon {

/// Becomes settings.user with its groups, for good, and looks whether it took; without a user stays
/// who it is. precondition: it would run as root and allow_root isn't set; no such user or group;
/// it isn't root and can't become another. Before any thread starts.
[[nodiscard]] Result<void> become_user(const ProcessSettings& settings);

/// Whom the token's processes become (pkcs11::Settings: user, uid, gid): the worker's user, or else
/// whom this process is about to become; nobody if it stays who it is. precondition: no such user,
/// root, or another user that only root could become.
[[nodiscard]] Result<void> choose_worker_user(const ProcessSettings& process,
                                              const std::string& worker_user,
                                              pkcs11::Settings& settings);

}  // namespace coffer::daemon
