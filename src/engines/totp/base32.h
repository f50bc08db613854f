// RFC 4648 section 6, as seeds of two-factor devices are written. Both forms are secret.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::engines::totp {

/// Without padding.
[[nodiscard]] std::string to_base32(std::string_view bytes);
/// Either case, with padding or without; nothing else, and no unused bits set. invalid_argument,
/// without a word of the text.
[[nodiscard]] Result<std::string> from_base32(std::string_view text);

}  // namespace coffer::engines::totp
