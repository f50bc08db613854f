// Lines that commit to the store: what it came to after a commit, so that an older store beside
// this log shows. docs/formats/audit-log.md, row-sums.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coffer/audit/log.h"

namespace coffer::audit {

struct StoreLine {
  std::uint64_t sequence = 0;  ///< of the store's commit
  std::string commitment;      ///< hex; opaque here
  bool operator==(const StoreLine&) const = default;
};

[[nodiscard]] Line store_line(const StoreLine& said, WallTime now);

/// The newest one in the log's files, looked for from their end; nullopt: there is none. The log
/// may be open. corrupt: a line of that type that can't be read.
[[nodiscard]] Result<std::optional<StoreLine>> last_store_line(const std::string& directory);

}  // namespace coffer::audit
