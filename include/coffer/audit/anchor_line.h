// Lines that tell which anchor the token holds from then on: so a checkpoint, and whoever witnesses
// it, commits to the anchor too. docs/formats/audit-log.md, anchor.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "coffer/audit/log.h"

namespace coffer::audit {

inline constexpr std::string_view kAnchorType = "anchor";

struct AnchorLine {
  std::uint64_t number = 0;
  std::uint64_t sequence = 0;  ///< of the store's commit
  std::uint64_t lines = 0;     ///< of this log; 0: it isn't told of
  std::string object;          ///< what stands on the token, base64; opaque here
  bool operator==(const AnchorLine&) const = default;
};

[[nodiscard]] Line anchor_line(const AnchorLine& said, WallTime now);
/// corrupt: `line`, of that type, can't be read.
[[nodiscard]] Result<AnchorLine> read_anchor_line(std::string_view line);

using IsOurs = std::function<bool(const AnchorLine&)>;
/// The newest one in the log's last two files that `ours` takes: tokens of a vault have anchors of
/// their own. nullopt: there is none. The log may be open. corrupt: one that can't be read.
[[nodiscard]] Result<std::optional<AnchorLine>> last_anchor_line(const std::string& directory,
                                                                 const IsOurs& ours);

}  // namespace coffer::audit
