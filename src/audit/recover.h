// What the end of a log says when the daemon starts: where to go on, what to cut, what is open.
#pragma once

#include <vector>

#include "chain_check.h"
#include "segments.h"

namespace coffer::audit {

struct Recovered {
  ChainCheck chain;             ///< over the lines read; lines() is 0 for a log without any
  std::uint64_t good_size = 0;  ///< bytes of the newest segment that stay
  std::uint64_t cut_bytes = 0;  ///< bytes behind them: a torn last write
};

/// Reads from the end: at least the last kTailWindow bytes, and back to the first open request.
/// Changes nothing. corrupt if lines don't chain; Precondition: segments isn't empty.
[[nodiscard]] Result<Recovered> read_tail(const std::vector<Segment>& segments);

/// What one write may leave behind torn is looked for here and no further back.
inline constexpr std::uint64_t kTailWindow = 1U << 20U;

}  // namespace coffer::audit
