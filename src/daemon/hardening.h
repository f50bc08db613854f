// What the process does for itself before it touches a secret.
#pragma once

#include "coffer/base/result.h"

namespace coffer::daemon {

/// No core dumps, no ptrace by the same user, no SIGPIPE (a dying token library would kill us with
/// it), files readable by the owner alone, and the secure heap.
[[nodiscard]] Result<void> harden_process();

}  // namespace coffer::daemon
