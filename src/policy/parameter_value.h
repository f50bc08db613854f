#pragma once

#include <string_view>

#include "coffer/model/fields.h"
#include "coffer/model/json_tree.h"

namespace coffer::policy {

/// Whether the member's value is what the policy names: strings by glob (a `*` at either end, not
/// alone), numbers by their value, the rest deeply.
[[nodiscard]] bool equals(const model::Json& wanted, const model::Fields& fields,
                          const model::Fields::MemberView& member);

/// Vault's glob: `*` at either end of at least two bytes; anything else is itself.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text) noexcept;

}  // namespace coffer::policy
