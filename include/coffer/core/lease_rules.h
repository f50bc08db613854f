// What the vault as a whole demands before something is done outside of it.
#pragma once

#include "coffer/core/unsealed.h"

namespace coffer::core {

/// unavailable: the vault came out of a backup and isn't released yet.
[[nodiscard]] Result<void> may_reach_outside(const Unsealed& vault);
/// Stages what must hold when its intent is committed: the owner lives, the mount is there.
/// unavailable: as of may_reach_outside(). `permission_denied`: the owner is dead. not_found: no
/// mount.
[[nodiscard]] Result<void> admit_lease(Unsealed& vault, envelope::SealedTransaction& tx,
                                       const lifecycle::NewLease& wanted, WallTime now);

}  // namespace coffer::core
