// Lines that tell which anchor the token holds from then on: so a checkpoint, and whoever witnesses
// it, commits to the anchor too. docs/formats/audit-log.md, anchor.md.
#pragma once

#include <cstdint>
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

}  // namespace coffer::audit
