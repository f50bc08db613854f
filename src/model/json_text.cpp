#include "json_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "utf8.h"

namespace coffer::model {
namespace {

constexpr std::uint32_t kHighSurrogate = 0xD800;
constexpr std::uint32_t kLowSurrogate = 0xDC00;
constexpr std::size_t kHexDigits = 4;

std::uint32_t hex4(std::string_view digits) noexcept {
  std::uint32_t value = 0;
  digits = digits.substr(0, kHexDigits);
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

/// `rest` stands behind `\u`. Gives how many of its bytes belong to the character: 4, or 10 for a
/// surrogate pair.
std::size_t append_unicode(std::string& out, std::string_view rest) {
  const std::uint32_t first = hex4(rest);
  const bool pair = first >= kHighSurrogate && first < kLowSurrogate && rest.size() >= 10;
  if (!pair) {
    append_utf8(out, first);
    return std::min(kHexDigits, rest.size());
  }
  const std::uint32_t second = hex4(rest.substr(6));
  append_utf8(out,
              0x10000 + ((first - kHighSurrogate) << 10U) + ((second - kLowSurrogate) & 0x3FFU));
  return 10;
}

constexpr char short_escape(char c) noexcept {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;  // `"`, `\` and `/` stand for themselves
  }
}

}  // namespace

std::size_t skip_space(std::string_view json, std::size_t at) noexcept {
  while (at < json.size() && is_json_space(json[at])) ++at;
  return at;
}

std::size_t skip_string(std::string_view json, std::size_t at) noexcept {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '"') return at + 1;
    if (json[at] == '\\') ++at;
  }
  return json.size();
}

void append_unescaped(std::string& out, std::string_view inside) {
  while (!inside.empty()) {
    const std::size_t backslash = inside.find('\\');
    out += inside.substr(0, backslash);
    if (backslash == std::string_view::npos || backslash + 1 == inside.size()) return;
    const char escape = inside[backslash + 1];
    inside.remove_prefix(backslash + 2);
    if (escape == 'u') {
      inside.remove_prefix(append_unicode(out, inside));
    } else {
      out.push_back(short_escape(escape));
    }
  }
}

}  // namespace coffer::model
