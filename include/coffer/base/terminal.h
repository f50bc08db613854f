// Text that somebody else wrote, for the terminal of the person who reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coffer {

/// Line breaks and tabs of a text: kept where it may have lines of its own, else escaped, so that
/// a value is never two lines of a table.
enum class Breaks : std::uint8_t { escape, keep };

/// Nothing in it drives a terminal or is read in another order than it stands there: controls (C0,
/// DEL, C1) and bytes that aren't UTF-8 become \xNN; marks of direction, line separators and what
/// has no width become \u{NNNN}.
[[nodiscard]] std::string for_terminal(std::string_view text, Breaks breaks = Breaks::escape);

/// The same of JSON, which stays JSON and means what it did: only within its strings can such
/// characters stand, and there they become \uNNNN. C0 it has escaped already, or between values.
[[nodiscard]] std::string json_for_terminal(std::string_view json);

}  // namespace coffer
