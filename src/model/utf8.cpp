#include "utf8.h"

namespace coffer::model {
namespace {

constexpr unsigned char byte_of(char c) noexcept { return static_cast<unsigned char>(c); }

constexpr bool in_range(unsigned char byte, unsigned char low, unsigned char high) noexcept {
  return byte >= low && byte <= high;
}

/// The bytes that may follow `lead` (RFC 3629 section 4): the first one's range keeps out overlong
/// forms, surrogates and what lies beyond U+10FFFF.
struct Tail {
  std::size_t length;
  unsigned char low;
  unsigned char high;
};

constexpr Tail tail_of(unsigned char lead) noexcept {
  if (in_range(lead, 0xC2, 0xDF)) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (in_range(lead, 0xE1, 0xEF)) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  if (in_range(lead, 0xF1, 0xF3)) return {3, 0x80, 0xBF};
  return {0, 0, 0};
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  const unsigned char lead = byte_of(text.front());
  if (lead < 0x80) return 1;
  const Tail tail = tail_of(lead);
  if (tail.length == 0 || text.size() <= tail.length) return 0;
  if (!in_range(byte_of(text[1]), tail.low, tail.high)) return 0;
  for (std::size_t i = 2; i <= tail.length; ++i) {
    if (!in_range(byte_of(text[i]), 0x80, 0xBF)) return 0;
  }
  return tail.length + 1;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto follow = [&](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU)));
  };
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (code_point >> 6U)));
    follow(0);
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | (code_point >> 12U)));
    follow(6);
    follow(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | (code_point >> 18U)));
    follow(12);
    follow(6);
    follow(0);
  }
}

}  // namespace coffer::model
