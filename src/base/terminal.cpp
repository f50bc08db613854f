#include "coffer/base/terminal.h"

#include <array>
#include <cstddef>

#include "coffer/base/bytes.h"

namespace coffer {
namespace {

/// What a text begins with; size 0: it isn't UTF-8.
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

constexpr std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// Neither longer than it must be, nor half of a pair, nor beyond Unicode (RFC 3629).
Character first_of(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  std::uint32_t code = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte_at(text, i) & 0xc0U) != 0x80U) return {};
    code = (code << 6U) | (byte_at(text, i) & 0x3fU);
  }
  static constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool half = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast.at(size) || half || code > 0x10ffff) return {};
  return {code, size};
}

constexpr bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/// Marks of direction (UAX #9), separators, and what is there and not seen.
constexpr bool is_unseen(std::uint32_t code) {
  return code == 0xad || code == 0x61c || code == 0x180e || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
         code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
         (code >= 0xe0000 && code <= 0xe007f);
}

void append_code(std::string& out, std::uint32_t code) {
  Bytes bytes;
  if (code > 0xffff) bytes.push_back(static_cast<std::uint8_t>(code >> 16U));
  bytes.push_back(static_cast<std::uint8_t>(code >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(code));
  out += "\\u{";
  append_hex(out, bytes);
  out += '}';
}

void append_unit(std::string& out, std::uint32_t unit) {
  out += "\\u";
  append_hex(out,
             std::array{static_cast<std::uint8_t>(unit >> 8U), static_cast<std::uint8_t>(unit)});
}

/// RFC 8259 section 7: beyond U+FFFF a pair of surrogates.
void append_json_escape(std::string& out, std::uint32_t code) {
  if (code <= 0xffff) return append_unit(out, code);
  append_unit(out, 0xd800 + ((code - 0x10000) >> 10U));
  append_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ffU));
}

void append_byte(std::string& out, std::uint8_t byte) {
  out += "\\x";
  append_hex(out, std::array<std::uint8_t, 1>{byte});
}

}  // namespace

std::string for_terminal(std::string_view text, Breaks breaks) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_of(text);
    const std::string_view raw = text.substr(0, next.size == 0 ? 1 : next.size);
    const bool is_kept = breaks == Breaks::keep && (next.code == '\n' || next.code == '\t');
    if (next.size == 0) {
      append_byte(out, byte_at(raw, 0));
    } else if (is_control(next.code) && !is_kept) {
      append_byte(out, static_cast<std::uint8_t>(next.code));
    } else if (is_unseen(next.code)) {
      append_code(out, next.code);
    } else {
      out += raw;
    }
    text.remove_prefix(raw.size());
  }
  return out;
}

std::string json_for_terminal(std::string_view json) {
  constexpr std::uint32_t kReplacement = 0xfffd;
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const Character next = first_of(json);
    const std::string_view raw = json.substr(0, next.size == 0 ? 1 : next.size);
    if (next.size == 0) {
      append_json_escape(out, kReplacement);
    } else if ((next.code >= 0x20 && is_control(next.code)) || is_unseen(next.code)) {
      append_json_escape(out, next.code);
    } else {
      out += raw;
    }
    json.remove_prefix(raw.size());
  }
  return out;
}

}  // namespace coffer
