// A QR code as a PNG (W3C PNG, second edition): one bit a pixel, not compressed.
#pragma once

#include "coffer/base/bytes.h"
#include "qr.h"

namespace coffer::engines::totp {

/// `size` pixels wide and high, modules as large as fit, in the middle, with a quiet zone of four
/// modules if there is room for it. Precondition: size >= code.size().
[[nodiscard]] std::string to_png(const QrCode& code, int size);

}  // namespace coffer::engines::totp
