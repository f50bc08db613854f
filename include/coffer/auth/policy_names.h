// Names of policies in the one form that counts. Compared in any other form, "ROOT " would be a
// policy that nobody guards (CVE-2025-5999).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::auth {

inline constexpr std::size_t kMaxPolicies = 256;
inline constexpr std::size_t kMaxPolicyName = 128;

/// Trimmed and in lower case, as names are compared and stored. invalid_argument: empty, too long,
/// a byte that isn't printable ASCII, a space inside, a part of a path that is "." or "..".
[[nodiscard]] Result<std::string> policy_name(std::string_view text);

/// policy_name() of all, sorted, none twice. invalid_argument also for more than kMaxPolicies, and
/// for `response-wrapping`, which is nobody's to give.
[[nodiscard]] Result<std::vector<std::string>> policy_names(const std::vector<std::string>& texts);

/// Whether `text` matches `glob`, in which each '*' is any run of characters.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace coffer::auth
