// A store that lost rows: what leads to those that are left, and what is due for them, is written
// anew. Else a lease would never end, and a secret never be rotated again, for one row that is
// gone.
#pragma once

#include "coffer/core/unsealed.h"

namespace coffer::core {

/// One pass over all rows, in steps of a commit each, with nobody else at work. A row that its
/// engine can't read is passed by.
[[nodiscard]] Result<void> mend(Unsealed& vault, store::Store& store, WallTime now);

}  // namespace coffer::core
