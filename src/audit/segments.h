// The directory of a log and the segments in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "system_call.h"

namespace coffer::audit {

/// audit-<first sequence, 20 digits>.jsonl, or .jsonl.zst if it was compressed: names sort as the
/// lines do.
struct Segment {
  std::string path;
  std::string name;
  std::uint64_t first = 0;
};

[[nodiscard]] Segment segment_in(const std::string& directory, std::uint64_t first);

/// In order; other files are passed over. not_found: no such directory.
[[nodiscard]] Result<std::vector<Segment>> list_segments(const std::string& directory);

/// audit-<first sequence, 20 digits>.checkpoints: what was signed while that segment was written.
[[nodiscard]] Segment checkpoints_in(const std::string& directory, std::uint64_t first);
/// As list_segments().
[[nodiscard]] Result<std::vector<Segment>> list_checkpoints(const std::string& directory);

/// Makes the directory with mode 0700 if absent, and locks it for as long as the descriptor is
/// open. precondition: others may write in it, or another process has it.
[[nodiscard]] Result<UniqueFd> own_directory(const std::string& directory);

[[nodiscard]] Result<void> sync_directory(const UniqueFd& directory);

}  // namespace coffer::audit
