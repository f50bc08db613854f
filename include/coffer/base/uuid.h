// 128-bit ids: vaults, mounts, records, nodes, requests. Random ones come from
// crypto::random_uuid().
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "coffer/base/bytes.h"

namespace coffer {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] ByteView view() const noexcept { return bytes; }
};

/// 8-4-4-4-12 lower-case hexadecimal, RFC 9562.
[[nodiscard]] std::string to_string(const Uuid& id);
[[nodiscard]] Result<Uuid> parse_uuid(std::string_view text);
/// Exactly 16 bytes, else corrupt.
[[nodiscard]] Result<Uuid> uuid_from(ByteView bytes);

}  // namespace coffer
