// The bytes of a QR code: data, padding and Reed-Solomon codewords (ISO/IEC 18004 section 7).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::engines::totp {

struct QrCodewords {
  int version = 1;                  ///< 1 to 40
  std::vector<std::uint8_t> bytes;  ///< interleaved, as they are placed
};

/// Bits that a version has room for, all codewords and the remainder together.
[[nodiscard]] int qr_raw_bits(int version);
[[nodiscard]] Result<QrCodewords> qr_codewords(std::string_view text);

}  // namespace coffer::engines::totp
