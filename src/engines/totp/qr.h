// A QR code (ISO/IEC 18004) of a text: what an app scans to get a seed. Our own, and not a
// library's: the text is secret, and what libraries of C leave on the heap nobody wipes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::engines::totp {

/// A square of modules without its quiet zone.
class QrCode final {
 public:
  explicit QrCode(int size);
  [[nodiscard]] int size() const noexcept { return size_; }
  [[nodiscard]] bool dark(int x, int y) const { return modules_[at(x, y)] != 0; }

 private:
  friend class QrPainter;
  [[nodiscard]] std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(size_) +
           static_cast<std::size_t>(x);
  }
  int size_;
  std::vector<std::uint8_t> modules_;
};

/// Bytes as they are, with error correction of level M, in the smallest version that holds them.
/// too_large: over 2331 bytes.
[[nodiscard]] Result<QrCode> make_qr(std::string_view text);

}  // namespace coffer::engines::totp
