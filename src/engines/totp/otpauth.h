// otpauth://totp/ISSUER:ACCOUNT?secret=…, as two-factor devices scan it. It holds the seed: secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::engines::totp {

/// What such a URL says, percent signs resolved; numbers and words not looked at yet.
struct OtpAuth {
  std::string issuer;
  std::string account_name;
  std::string secret;  ///< base32
  std::optional<std::string> period{};
  std::optional<std::string> digits{};
  std::optional<std::string> algorithm{};
};

/// The issuer is the parameter, or else what stands before the colon. Parameters that mean nothing
/// are passed over. invalid_argument names the field `url` and the rule, never its text.
[[nodiscard]] Result<OtpAuth> parse_otpauth(std::string_view url);
/// With its parameters in the order of the alphabet, as Vault gives it.
[[nodiscard]] std::string to_url(const OtpAuth& parts);

}  // namespace coffer::engines::totp
