#include "candidate_lines.h"

#include <algorithm>
#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::cli {
namespace {

/// A value may hold what separates others, so texts are cut in three ways, each finer.
constexpr std::string_view kCoarse = " \t\r\n\v\f\"'`,;";
constexpr std::string_view kMedium = " \t\r\n\v\f\"'`,;=:()[]{}<>|\\";
constexpr std::string_view kFine = " \t\r\n\v\f\"'`,;=:()[]{}<>|\\/@&?#%$*!~^";
constexpr std::string_view kDiffSigns = "+- ";
constexpr int kMostDiffSigns = 2;  ///< a merge's diff has a column for each of two parents
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Extractor final {
 public:
  explicit Extractor(const TakeCandidate& take) : take_(take) {}

  void one_line(std::string_view text, std::size_t line, bool begins) {
    if (trimmed(text).size() < kLeastCandidate) return;
    give(text, line);
    behind_separator(text, line);
    for (const char quote : {'"', '\'', '`'}) quoted(text, quote, line);
    for (const std::string_view separators : {kCoarse, kMedium, kFine}) {
      words(text, separators, line);
    }
    if (begins) without_signs(text, line);
  }

 private:
  void give(std::string_view value, std::size_t line) { give_trimmed(value, line, take_); }

  /// A diff's signs and a byte order mark would else be part of the line and of its first words.
  void without_signs(std::string_view text, std::size_t line) {
    without_mark(text, line);
    for (int taken = 0; taken < kMostDiffSigns && !text.empty(); ++taken) {
      if (kDiffSigns.find(text.front()) == std::string_view::npos) return;
      text.remove_prefix(1);
      line_start(text, line);
      without_mark(text, line);
    }
  }

  void without_mark(std::string_view text, std::size_t line) {
    if (text.starts_with(kByteOrderMark)) line_start(text.substr(kByteOrderMark.size()), line);
  }

  void line_start(std::string_view text, std::size_t line) {
    give(text, line);
    for (const std::string_view separators : {kCoarse, kMedium, kFine}) {
      give(text.substr(0, text.find_first_of(separators)), line);
    }
  }

  /// NAME=VALUE, NAME: VALUE, NAME VALUE: the value to the end of the line, with or without what
  /// ends it in a list.
  void behind_separator(std::string_view text, std::size_t line) {
    for (const char separator : {'=', ':', ' ', '\t'}) {
      const std::size_t at = trimmed(text).find(separator);
      if (at == std::string_view::npos) continue;
      std::string_view rest = trimmed(trimmed(text).substr(at + 1));
      give(rest, line);
      if (!rest.empty() && (rest.back() == ',' || rest.back() == ';')) {
        rest.remove_suffix(1);
        give(rest, line);
      }
    }
  }

  /// What stands between quotes, as it is and without escapes.
  void quoted(std::string_view text, char quote, std::size_t line) {
    std::size_t start = text.find(quote);
    while (start != std::string_view::npos) {
      const std::size_t end = closing(text, start + 1, quote);
      if (end == std::string_view::npos) return;
      const std::string_view inside = text.substr(start + 1, end - start - 1);
      give(inside, line);
      if (inside.find('\\') != std::string_view::npos) unescaped(inside, line);
      // Where quotes don't pair up, what closes here may open there.
      start = text.find(quote, inside.empty() ? end + 1 : end);
      if (start == end && end + 1 < text.size() &&
          closing(text, end + 1, quote) == std::string_view::npos) {
        return;
      }
    }
  }

  static std::size_t closing(std::string_view text, std::size_t from, char quote) {
    for (std::size_t i = from; i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  /// The escapes that JSON, C, Python and shells share; others stay as they are.
  void unescaped(std::string_view inside, std::size_t line) {
    if (inside.size() > kMostCandidate) return;
    std::string plain;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] != '\\' || i + 1 == inside.size()) {
        plain.push_back(inside[i]);
        continue;
      }
      const char next = inside[++i];
      switch (next) {
        case 'n': plain.push_back('\n'); break;
        case 'r': plain.push_back('\r'); break;
        case 't': plain.push_back('\t'); break;
        case 'u': i += code_point(inside.substr(i + 1), plain); break;
        default: plain.push_back(next);
      }
    }
    give(plain, line);
    wipe(plain);
  }

  /// \u00e9, below the surrogates. Gives how many characters were used up.
  static std::size_t code_point(std::string_view digits, std::string& out) {
    unsigned value = 0;
    if (digits.size() < 4) return 0;
    for (const char c : digits.substr(0, 4)) {
      const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
      if (digit == std::string_view::npos) return 0;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    if (value < 0x80) {
      out.push_back(static_cast<char>(value));
    } else if (value < 0x800) {
      out.push_back(static_cast<char>(0xC0U | (value >> 6U)));
      out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
    } else if (value < 0xD800 || value > 0xDFFF) {
      out.push_back(static_cast<char>(0xE0U | (value >> 12U)));
      out.push_back(static_cast<char>(0x80U | ((value >> 6U) & 0x3FU)));
      out.push_back(static_cast<char>(0x80U | (value & 0x3FU)));
    }
    return 4;
  }

  void words(std::string_view text, std::string_view separators, std::size_t line) {
    for (std::size_t start = text.find_first_not_of(separators); start != std::string_view::npos;) {
      const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
      give(text.substr(start, end - start), line);
      start = text.find_first_not_of(separators, end);
    }
  }

  const TakeCandidate& take_;
};

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

void give_trimmed(std::string_view value, std::size_t line, const TakeCandidate& take) {
  value = trimmed(value);
  if (value.size() >= kLeastCandidate && value.size() <= kMostCandidate) take(value, line);
}

void line_candidates(std::string_view text, std::size_t line, bool begins,
                     const TakeCandidate& take) {
  Extractor(take).one_line(text, line, begins);
}

}  // namespace coffer::cli
