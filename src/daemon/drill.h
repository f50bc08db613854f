// A restore for practice: into a scratch directory, with the real token, opening everything.
#pragma once

#include "coffer/core/drill.h"
#include "restore.h"

namespace coffer::daemon {

struct DrillOutcome {
  backup::Verified backup;
  core::DrillReport report;
};

/// The scratch directory (0700) is made under `scratch`, or in memory if there is room, else in
/// /tmp, and removed in the end. The vault's own store and log aren't touched; it may be served
/// meanwhile. What doesn't open goes to the log.
[[nodiscard]] Result<DrillOutcome> drill(VaultConfig vault, RestoreSource& source,
                                         const std::string& scratch);

}  // namespace coffer::daemon
