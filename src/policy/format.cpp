#include "coffer/policy/format.h"

#include <algorithm>
#include <vector>

#include "hcl.h"
#include "lexer.h"
#include "syntax.h"

namespace coffer::policy {
namespace {

/// A token as it was written, or a comment.
struct Word {
  TokenKind kind = TokenKind::end;
  bool comment = false;
  std::string_view text;
};

struct Line {
  std::vector<Word> words;  ///< none: an empty line
};

bool opens(const Word& word) {
  return word.kind == TokenKind::open_brace || word.kind == TokenKind::open_bracket;
}

bool closes(const Word& word) {
  return word.kind == TokenKind::close_brace || word.kind == TokenKind::close_bracket;
}

std::string_view without_blanks_at_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Makes lines of words: of what stands between two tokens, only comments and newlines count.
class Splitter final {
 public:
  void token(TokenKind kind, std::string_view text) {
    lines_.back().words.push_back({kind, false, text});
  }

  /// The Lexer has read it, so there is nothing else in it.
  void gap(std::string_view text) {
    while (!text.empty()) {
      const std::size_t length = comment_length(text);
      if (length > 0) {
        lines_.back().words.push_back(
            {TokenKind::end, true, without_blanks_at_end(text.substr(0, length))});
      } else if (text.front() == '\n') {
        lines_.emplace_back();
      }
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
  }

  std::vector<Line> take() { return std::move(lines_); }

 private:
  /// 0: no comment starts here.
  static std::size_t comment_length(std::string_view text) {
    if (text.starts_with("/*")) return text.find("*/", 2) + 2;
    if (!text.starts_with('#') && !text.starts_with("//")) return 0;
    return std::min(text.find('\n'), text.size());
  }
  std::vector<Line> lines_{1};
};

Result<std::vector<Line>> split(std::string_view text) {
  Lexer lexer(text);
  Splitter splitter;
  std::size_t at = 0;
  for (;;) {
    COFFER_TRY(const Token token, lexer.next());
    splitter.gap(text.substr(at, lexer.token_start() - at));
    at = lexer.position();
    if (token.kind == TokenKind::end) return splitter.take();
    splitter.token(token.kind, text.substr(lexer.token_start(), at - lexer.token_start()));
  }
}

/// Empty lines: one at most, and none behind an opening bracket, before a closing one, or at the
/// ends.
std::vector<Line> without_idle_lines(std::vector<Line> lines) {
  std::vector<Line> kept;
  bool empty = false;
  for (Line& line : lines) {
    if (line.words.empty()) {
      empty = true;
      continue;
    }
    const bool wanted =
        empty && !kept.empty() && !opens(kept.back().words.back()) && !closes(line.words.front());
    if (wanted) kept.emplace_back();
    kept.push_back(std::move(line));
    empty = false;
  }
  return kept;
}

bool space_between(const Word& left, const Word& right) {
  if (right.comment || left.comment) return true;
  if (right.kind == TokenKind::comma || left.kind == TokenKind::open_bracket) return false;
  if (right.kind == TokenKind::close_bracket) return false;
  return left.kind != TokenKind::open_brace || right.kind != TokenKind::close_brace;
}

/// `name = …`, and nothing that goes on in the next line.
bool is_assignment(const Line& line) {
  if (line.words.size() < 3 || line.words[1].kind != TokenKind::assign) return false;
  const auto count = [&](auto is) {
    return std::count_if(line.words.begin(), line.words.end(), is);
  };
  return count(opens) == count(closes);
}

/// How wide the names are from here on, in as many neighbouring assignments as there are.
void align(const std::vector<Line>& lines, std::vector<std::size_t>& widths) {
  for (std::size_t from = 0; from < lines.size();) {
    std::size_t to = from;
    std::size_t width = 0;
    for (; to < lines.size() && is_assignment(lines[to]); ++to) {
      width = std::max(width, lines[to].words.front().text.size());
    }
    std::fill(widths.begin() + static_cast<std::ptrdiff_t>(from),
              widths.begin() + static_cast<std::ptrdiff_t>(to), width);
    from = std::max(to, from + 1);
  }
}

std::string render(const Line& line, std::size_t depth, std::size_t width) {
  std::string out(2 * depth, ' ');
  for (std::size_t i = 0; i < line.words.size(); ++i) {
    if (i > 0 && space_between(line.words[i - 1], line.words[i])) out += ' ';
    out += line.words[i].text;
    if (i == 0 && width > line.words[0].text.size()) {
      out.append(width - line.words[0].text.size(), ' ');
    }
  }
  return out;
}

std::string render(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(lines.size(), 0);
  align(lines, widths);
  std::string out;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::vector<Word>& words = lines[i].words;
    std::size_t leading = 0;
    while (leading < words.size() && closes(words[leading])) ++leading;
    if (!words.empty()) out += render(lines[i], depth - std::min(leading, depth), widths[i]);
    out += '\n';
    for (const Word& word : words) {
      if (opens(word)) ++depth;
      if (closes(word) && depth > 0) --depth;
    }
  }
  return out;
}

}  // namespace

Result<std::string> format(std::string_view text) {
  if (text.size() > kMaxText) return wrong(0, "longer than 256 KiB");
  COFFER_CHECK(parse_hcl(text));
  COFFER_TRY(std::vector<Line> lines, split(text));
  return render(without_idle_lines(std::move(lines)));
}

}  // namespace coffer::policy
