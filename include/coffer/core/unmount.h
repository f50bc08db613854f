// What a mount held is cleared after it is gone: in steps, by the sweeper, over restarts.
#pragma once

#include "coffer/core/unsealed.h"

namespace coffer::core {

/// Stages that everything of this mount is to be cleared. Its row must go in the same transaction.
[[nodiscard]] Result<void> schedule_clearing(envelope::SealedTransaction& tx,
                                             const engine::Mount& mount, WallTime now);
/// Mounts that are gone, and of which rows may be left.
[[nodiscard]] Result<std::vector<engine::Mount>> clearing_mounts(envelope::SealedTransaction& tx);
/// Call once all engines are in place. `vault` outlives its handlers: it holds them.
void register_clearing(Unsealed& vault);

}  // namespace coffer::core
