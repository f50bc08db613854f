#pragma once

#include <string_view>

#include "coffer/base/result.h"
#include "coffer/model/fields.h"

namespace coffer::faces::vault {

/// Each parameter costs a look at all others before anyone has been let in.
inline constexpr std::size_t kMaxParameters = 64;

/// What stands behind the `?`, as string fields: decoded once, `+` is a space. invalid_argument,
/// without a word of the query: a name twice or empty, `%` without two digits, `;` (some parsers
/// split there), control characters, invalid UTF-8.
[[nodiscard]] Result<model::Fields> parse_query(std::string_view query);

}  // namespace coffer::faces::vault
