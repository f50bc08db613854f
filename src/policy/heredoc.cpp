#include "heredoc.h"

#include <algorithm>
#include <vector>

#include "syntax.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kBlank = " \t";

constexpr bool in_anchor(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Without the indentation, if every line has it; else as they stand.
std::string join(const std::vector<std::string_view>& lines, std::string_view indentation) {
  const bool all = std::all_of(lines.begin(), lines.end(), [&](std::string_view line) {
    return line.starts_with(indentation);
  });
  std::string text;
  for (const std::string_view line : lines) {
    text.append(all ? line.substr(indentation.size()) : line).push_back('\n');
  }
  return text;
}

}  // namespace

Result<Heredoc> read_heredoc(std::string_view rest, std::size_t line) {
  if (!rest.starts_with("<<")) return wrong(line, "unexpected character \"<\"");
  const std::size_t first_end = rest.find('\n');
  if (first_end == std::string_view::npos) return wrong(line, "<< has no end");
  std::string_view anchor = without_return(rest.substr(2, first_end - 2));
  const bool indented = anchor.starts_with('-');
  if (indented) anchor.remove_prefix(1);
  if (anchor.empty() || !std::all_of(anchor.begin(), anchor.end(), in_anchor)) {
    return wrong(line, "<< needs a word of letters and digits, alone in its line");
  }

  Heredoc read;
  std::vector<std::string_view> lines;
  std::size_t at = first_end + 1;
  while (at < rest.size()) {
    const std::size_t end = std::min(rest.find('\n', at), rest.size());
    const std::string_view whole = rest.substr(at, end - at);
    const std::string_view word = without_return(whole);
    const std::size_t indentation = std::min(word.find_first_not_of(kBlank), word.size());
    if (word.substr(indentation) == anchor) {
      read.text = join(lines, indented ? word.substr(0, indentation) : std::string_view{});
      read.length = end;
      read.lines = lines.size() + 1;
      return read;
    }
    lines.push_back(whole);
    at = end + 1;
  }
  return wrong(line, "<<" + std::string(anchor) + " has no end");
}

}  // namespace coffer::policy
