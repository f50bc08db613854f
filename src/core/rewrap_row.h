// The job's row: docs/formats/settings.md. Private to the room.
#pragma once

#include "coffer/core/rewrap.h"

namespace coffer::core {

/// Table 13 of the zero mount: work on the vault's keys.
inline constexpr envelope::Space kKeyWorkSpace{.mount = {}, .table = 13};

struct StoredJob {
  RewrapJob job;
  store::RowVersion row = 0;  ///< 0: there is none
};
[[nodiscard]] Result<StoredJob> read_job(envelope::SealedTransaction& tx);
/// In place of what was read.
[[nodiscard]] Result<void> write_job(envelope::SealedTransaction& tx, const StoredJob& stored,
                                     const RewrapJob& job);

}  // namespace coffer::core
