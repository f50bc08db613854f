#include "completion_words.h"

namespace coffer::cli {
namespace {

bool is_plain(char c) {
  constexpr std::string_view kOthers = "_-/.:@%+,=";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words{""};
  char quote = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
      in_word = true;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      in_word = true;
    } else if (quote == 0 && (c == ' ' || c == '\t')) {
      if (in_word) words.emplace_back();
      in_word = false;
    } else {
      words.back() += c;
      in_word = true;
    }
  }
  return words;
}

std::string escaped_word(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return {};
    if (!is_plain(c) && byte < 0x80) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace coffer::cli
