// Numbers modulo 2^512, and the sums of a store's rows. Private to the room.
#pragma once

#include <array>

#include "coffer/base/bytes.h"
#include "coffer/crypto/digest.h"

namespace coffer::envelope {

/// The order in which rows come doesn't matter, and each can be taken out again.
class RowSum final {
 public:
  static constexpr std::size_t kSize = 64;

  /// Of big-endian bytes.
  [[nodiscard]] static RowSum of(const crypto::Sha512& number) noexcept;
  [[nodiscard]] crypto::Sha512 bytes() const noexcept;

  RowSum& operator+=(const RowSum& other) noexcept;
  RowSum& operator-=(const RowSum& other) noexcept;
  bool operator==(const RowSum&) const = default;

 private:
  std::array<std::uint64_t, 8> limbs_{};  ///< the lowest first
};

/// One kind of rows.
struct RowTotal {
  RowSum sum;
  std::uint64_t rows = 0;
  bool operator==(const RowTotal&) const = default;
};

struct Totals {
  RowTotal authority;
  RowTotal rest;
  bool operator==(const Totals&) const = default;
};

}  // namespace coffer::envelope
