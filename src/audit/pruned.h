// The record that `prune` leaves beside the log: up to which line it removed. It tells lines whose
// time was up from lines that somebody took; it is a word, and no proof.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"

namespace coffer::audit {

inline constexpr std::string_view kPruned = "pruned";

/// The last line that was removed; 0: no record. corrupt: it can't be read as one.
[[nodiscard]] Result<std::uint64_t> read_pruned(const std::string& directory);

/// Takes the place of an older record, whole or not at all, and is on the disk then.
[[nodiscard]] Result<void> write_pruned(const std::string& directory, std::uint64_t last_line,
                                        WallTime now);

}  // namespace coffer::audit
