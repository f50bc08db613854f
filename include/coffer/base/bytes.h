// Byte strings that hold nothing secret, and views of any bytes. Secrets: secure_bytes.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
void append_hex(std::string& out, ByteView bytes);
/// Accepts both cases; an odd length or another character is invalid_argument.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string to_base64(ByteView bytes);
/// Strict: canonical padding, no white space, no unused bits set.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

}  // namespace coffer
