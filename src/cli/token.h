// Which token a request carries. None is fine: on the daemon's socket the kernel says who calls.
#pragma once

#include <optional>
#include <string>

#include "coffer/base/result.h"
#include "coffer/base/secure_bytes.h"
#include "environment.h"

namespace coffer::cli {

struct Token {
  SecureBytes value;
  std::string origin;   ///< the variable's name, or the file's path
  std::string warning;  ///< what is wrong with the place where it lies; empty: nothing
};

/// COFFER_TOKEN, BAO_TOKEN or VAULT_TOKEN; else the file that COFFER_TOKEN_PATH or BAO_TOKEN_PATH
/// names; else ~/.vault-token. A COFFER_TOKEN that is set but empty means: none at all. A file that
/// doesn't exist is no error; one that can't be read is, because going on without a token would be
/// going on as somebody else.
[[nodiscard]] Result<std::optional<Token>> find_token(const Environment& environment);

}  // namespace coffer::cli
