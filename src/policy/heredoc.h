// A string over several lines: <<WORD … WORD, or <<-WORD, which takes the last line's indentation
// off all lines.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::policy {

struct Heredoc {
  std::string text;
  std::size_t length = 0;  ///< bytes that it takes, its last line's newline not among them
  std::size_t lines = 0;   ///< newlines among these
};

/// `rest` starts with the first `<`, which stands in `line`.
[[nodiscard]] Result<Heredoc> read_heredoc(std::string_view rest, std::size_t line);

}  // namespace coffer::policy
