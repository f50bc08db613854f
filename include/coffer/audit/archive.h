// Segments that nobody writes any more: compressed, and removed when their time is up. For an
// operator's timer; the daemon may run meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "coffer/audit/known.h"
#include "coffer/base/clock.h"

namespace coffer::audit {

struct Archived {
  std::size_t segments = 0;  ///< of this call
  std::uint64_t before = 0;  ///< bytes
  std::uint64_t after = 0;
  /// Not removed: by the clock their time is up, by the log's own lines it isn't.
  std::size_t held = 0;
};

/// Every segment but the newest two, and those that hold a request that is open, becomes a file of
/// the same name and .zst. What was compressed is read back and compared before the segment goes; a
/// crash leaves both, and the next call goes on. Compressed ones are passed over.
[[nodiscard]] Result<Archived> compress_segments(const std::string& directory);

/// The least that is kept, whatever is asked for (PCI DSS 4.0.1, 10.5.1: three months at hand).
inline constexpr std::chrono::days kLeastKept{90};
/// More is a slip of the hand, and nothing would ever be removed. A moment so long ago must also
/// be one that a clock of nanoseconds can tell.
inline constexpr std::chrono::days kMostKept{36500};

/// Removes segments, oldest first, and their checkpoints, whose last line is older than `keep`,
/// both by the clock and by the log's own lines (log_time.h); never the newest two. The whole log
/// is verified before, and `keys` must have signed what goes. Nothing goes unless all of it may. A
/// record of how far it went is left beside the log first. invalid_argument: `keep` is less than
/// kLeastKept or more than kMostKept; corrupt: the log is bad; precondition: what would go isn't
/// signed.
[[nodiscard]] Result<Archived> prune_segments(const std::string& directory, std::chrono::days keep,
                                              WallTime now, const TrustedKeys& keys);

}  // namespace coffer::audit
