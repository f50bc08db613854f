// Patterns of paths as policies write them: a segment `+` is any one segment, a `*` at the end is
// whatever follows. docs/policies.md.
#pragma once

#include <string_view>

#include "coffer/base/result.h"

namespace coffer::model {

/// invalid_argument if no path could ever fit it, or it has a `*` elsewhere. Never quotes it.
[[nodiscard]] Result<void> check_path_pattern(std::string_view pattern);

/// Of a pattern that was checked.
[[nodiscard]] bool path_fits(std::string_view pattern, std::string_view path);

}  // namespace coffer::model
