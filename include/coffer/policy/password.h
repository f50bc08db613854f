// Which passwords the vault makes: Vault's password policies. Pure functions; who draws the
// characters is core/passwords.h. docs/password-policies.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::policy {

inline constexpr std::size_t kMinPasswordLength = 4;
inline constexpr std::size_t kMaxPasswordLength = 100;
inline constexpr std::size_t kMaxPasswordRules = 100;

/// At least so many characters of this set.
struct CharacterRule {
  std::string charset;  ///< sorted, none twice
  std::size_t min_chars = 0;
};

/// Characters are printable ASCII.
struct PasswordPolicy {
  std::size_t length = 0;
  std::vector<CharacterRule> rules;  ///< at least one, and their minima fit into `length`
  std::string charset;               ///< of all rules together: sorted, none twice

  /// Whether a text of these characters has enough of each set.
  [[nodiscard]] bool met_by(std::string_view password) const;
};

/// 20 characters with an upper and a lower case letter, a digit and a "-" among them, as Vault
/// makes them where no policy is named.
[[nodiscard]] const PasswordPolicy& default_password_policy();

/// HCL, or its JSON form. invalid_argument names line, key and what was wanted; policies aren't
/// secret, so it may quote.
[[nodiscard]] Result<PasswordPolicy> parse_password_policy(std::string_view text);

}  // namespace coffer::policy
