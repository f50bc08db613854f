#include "coffer/base/bytes.h"

#include <array>

namespace coffer {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr int kNoDigit = -1;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return kNoDigit;
}

int base64_value(char c) {
  const auto at = kBase64Digits.find(c);
  return at == std::string_view::npos ? kNoDigit : static_cast<int>(at);
}

Error bad_base64() {
  return make_error(ErrorCode::invalid_argument, "not base64 (RFC 4648, with padding)");
}

/// Four digits that stand for `bytes` bytes; the bits beyond them must be zero.
Result<std::uint32_t> base64_group(std::string_view group, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = i <= bytes ? base64_value(group[i]) : 0;
    if (digit == kNoDigit) return bad_base64();
    value = (value << 6U) | static_cast<std::uint32_t>(digit);
  }
  const std::uint32_t unused = bytes == 3 ? 0U : bytes == 2 ? 0xFFU : 0xFFFFU;
  if ((value & unused) != 0) return bad_base64();
  return value;
}

}  // namespace

void append_hex(std::string& out, ByteView bytes) {
  out.reserve(out.size() + 2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    out.push_back(kHexDigits[byte >> 4U]);
    out.push_back(kHexDigits[byte & 0xFU]);
  }
}

std::string to_hex(ByteView bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return make_error(ErrorCode::invalid_argument, "not hexadecimal: odd number of digits");
  }
  Bytes out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high == kNoDigit || low == kNoDigit) {
      return make_error(ErrorCode::invalid_argument, "not hexadecimal");
    }
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = (group << 8U) | (k < left ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      out.push_back(k <= left ? kBase64Digits[(group >> (18U - 6U * k)) & 0x3FU] : '=');
    }
  }
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return bad_base64();
  Bytes out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::string_view group = text.substr(i, 4);
    const bool last = i + 4 == text.size();
    const std::size_t bytes = !last || group[3] != '=' ? 3 : group[2] != '=' ? 2 : 1;
    COFFER_TRY(const std::uint32_t value, base64_group(group, bytes));
    for (std::size_t k = 0; k < bytes; ++k) {
      out.push_back(static_cast<std::uint8_t>(value >> (16U - 8U * k)));
    }
  }
  return out;
}

}  // namespace coffer
