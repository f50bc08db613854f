// The password policies that are stored (table 14 of the zero mount), and passwords by them. Texts
// come back byte for byte. Functions without state: thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/secure_bytes.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/policy/password.h"

namespace coffer::core {

/// A text of the policy's length and characters, each such text as likely as any other.
/// resource_exhausted: next to no text has what its rules ask for.
[[nodiscard]] Result<SecureBytes> make_password(const policy::PasswordPolicy& policy);

/// By the stored policy; empty name: policy::default_password_policy(). invalid_argument: there is
/// no such policy. What lifecycle::MakePassword wants.
[[nodiscard]] Result<SecureBytes> make_password_by(envelope::SealedTransaction& tx,
                                                   std::string_view name);

/// Vault's names: letters, digits and "_", within them also "-" and "."; 128 at most.
[[nodiscard]] Result<void> check_password_policy_name(std::string_view name);

// Names have passed that.
[[nodiscard]] Result<std::optional<std::string>> read_password_policy(
    envelope::SealedTransaction& tx, std::string_view name);
/// A text that doesn't parse, or by which next to no password can be made, is refused.
[[nodiscard]] Result<void> write_password_policy(envelope::SealedTransaction& tx,
                                                 std::string_view name, std::string_view text);
void remove_password_policy(envelope::SealedTransaction& tx, std::string_view name);
[[nodiscard]] Result<std::vector<std::string>> list_password_policies(
    envelope::SealedTransaction& tx);

}  // namespace coffer::core
