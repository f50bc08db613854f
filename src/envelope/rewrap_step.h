// Steps over the whole store. Private to the room.
#pragma once

#include "transaction.h"

namespace coffer::envelope {

[[nodiscard]] Result<RewrapStep> rewrap_step(Transaction& tx, const store::Key& after,
                                             const RewrapLimits& limits);
[[nodiscard]] Result<RowWalk> walk_rows(Transaction& tx, const store::Key& after, std::size_t most);

}  // namespace coffer::envelope
