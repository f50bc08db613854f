// Trying what a token can do, and what it ignores without a word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

enum class Verdict : std::uint8_t {
  works,
  cannot,   ///< refused, or came out wrong: the cause says how
  ignored,  ///< accepted although it must be refused
};
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

struct Finding {
  std::string check;  ///< "aes-gcm", "non-extractable stays in", …
  Verdict verdict{};
  std::string cause{};
};

struct ProbeReport {
  TokenInfo token;
  std::string library;
  std::string by_make;  ///< the profile that "auto" takes
  std::string fits;  ///< the first profile whose keys can be made and do their work; may be empty
  std::vector<Finding> findings;
};

/// Opens the token as open_token() does, insecure makes too, makes keys of throwaway ids with the
/// labels "coffer probe", uses them, and destroys them again. Errors as open_token().
[[nodiscard]] Result<ProbeReport> probe_token(const TokenConfig& config, const SecureBytes& pin);

}  // namespace coffer::pkcs11
