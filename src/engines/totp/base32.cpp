#include "base32.h"

#include <cstdint>

namespace coffer::engines::totp {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// Of the last group's sizes these don't come from whole bytes.
bool impossible(std::size_t characters) {
  const std::size_t rest = characters % 8;
  return rest == 1 || rest == 3 || rest == 6;
}

}  // namespace

std::string to_base32(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8U | static_cast<std::uint8_t>(c)) & 0xFFFU;
    for (held += 8; held >= 5; held -= 5) out.push_back(kAlphabet[bits >> (held - 5) & 31U]);
  }
  if (held > 0) out.push_back(kAlphabet[bits << (5 - held) & 31U]);
  return out;
}

Result<std::string> from_base32(std::string_view text) {
  const Error wrong = make_error(ErrorCode::invalid_argument, "not base32");
  while (text.ends_with('=')) text.remove_suffix(1);
  if (impossible(text.size())) return wrong;
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(upper(c));
    if (value == std::string_view::npos) return wrong;
    bits = (bits << 5U | static_cast<std::uint32_t>(value)) & 0xFFFU;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xFFU));
  }
  if ((bits & ((1U << held) - 1U)) != 0) return wrong;
  return out;
}

}  // namespace coffer::engines::totp
