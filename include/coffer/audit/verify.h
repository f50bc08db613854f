// Walks a log directory offline: no daemon, no token.
#pragma once

#include <cstdint>
#include <string>

#include "coffer/base/result.h"

namespace coffer::audit {

struct Verified {
  std::uint64_t lines = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t open_requests = 0;  ///< request lines without a response at the end of the log
  std::string head;                 ///< hash of the last line, hex
};

/// `corrupt`, with file, line number and what is wrong, for the first bad line; `not_found` when
/// there is no log. A torn last line is bad too (the daemon cuts it at its next start).
[[nodiscard]] Result<Verified> verify_directory(const std::string& directory);

}  // namespace coffer::audit
