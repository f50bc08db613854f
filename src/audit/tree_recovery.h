// The tree at a daemon's start, from the segments.
#pragma once

#include <optional>
#include <vector>

#include "coffer/audit/tree.h"
#include "segments.h"

namespace coffer::audit {

struct RecoveredTree {
  Frontier tree;
  /// When the newest segment was begun, in seconds since 1970; nullopt: it has no line.
  std::optional<std::int64_t> begun{};
};

/// Reads the newest segment, up to `good_size` bytes of it, from its line `segment` on; earlier
/// ones only if there is none. Precondition: `segments` isn't empty, and its end was found to
/// chain.
[[nodiscard]] Result<RecoveredTree> recover_tree(const std::vector<Segment>& segments,
                                                 std::uint64_t good_size);

}  // namespace coffer::audit
