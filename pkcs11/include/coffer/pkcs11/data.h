// What every implementation of Token demands of a data object before the token is asked.
#pragma once

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// invalid_argument.
[[nodiscard]] Result<void> check_data_label(std::string_view label);
/// Of the label, and too_large.
[[nodiscard]] Result<void> check_data(std::string_view label, ByteView value);

}  // namespace coffer::pkcs11
