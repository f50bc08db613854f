// Which token a request carries. None is fine: on the daemon's socket the kernel says who calls.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

/// What is between white space. invalid_argument: characters that no token has; the text names
/// `origin` alone.
[[nodiscard]] Result<SecureBytes> clean_token(std::string_view raw, const std::string& origin);

/// The file where a token is looked for and kept; empty: the user has no home.
[[nodiscard]] std::string token_file(const Environment& environment);

/// Writes it to token_file(), mode 0600, in one step: nobody reads half of it, and what was there
/// stays when it fails. Gives the file's path. internal: the text names the file and why.
[[nodiscard]] Result<std::string> store_token(const Environment& environment,
                                              const SecureBytes& token);

}  // namespace coffer::cli
