// What the vault as a whole demands of a lease before it is issued.
#pragma once

#include "coffer/core/unsealed.h"

namespace coffer::core {

/// Stages what must hold when its intent is committed: the owner lives, the mount is there.
/// unavailable: the vault came out of a backup and isn't released yet. `permission_denied`: the
/// owner is dead. not_found: no mount.
[[nodiscard]] Result<void> admit_lease(Unsealed& vault, envelope::SealedTransaction& tx,
                                       const lifecycle::NewLease& wanted, WallTime now);

}  // namespace coffer::core
