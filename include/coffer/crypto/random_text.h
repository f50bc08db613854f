// Secret texts of given characters: passwords.
#pragma once

#include <string_view>

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {

/// `count` characters, each drawn evenly from `charset` and for itself. Precondition: 1 to 256
/// characters in it; one that stands there twice comes twice as often. Thread-safe.
[[nodiscard]] Result<SecureBytes> random_text(std::string_view charset, std::size_t count);

}  // namespace coffer::crypto
