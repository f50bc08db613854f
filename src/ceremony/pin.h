// A PIN from a person or a file: never from an argument or the environment.
#pragma once

#include <string>

#include "coffer/base/secure_bytes.h"

namespace coffer::ceremony {

/// One line of a file that nobody else may read; with an empty path asked for on the terminal,
/// without echo. not_found; permission_denied; invalid_argument.
[[nodiscard]] Result<SecureBytes> read_pin(const std::string& file);

/// All of such a file: a person's private key. too_large over 8 KiB; else as read_pin().
[[nodiscard]] Result<SecureBytes> read_private_file(const std::string& path);

}  // namespace coffer::ceremony
