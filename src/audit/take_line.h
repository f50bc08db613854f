// Texts of lines that each end in a LF: notes and proofs. Private to the room.
#pragma once

#include <optional>
#include <string_view>

namespace coffer::audit {

/// Up to the LF, which goes too. nullopt: there is none.
inline std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

}  // namespace coffer::audit
