// Paths have one canonical form; anything else is refused before anyone decides about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::model {

inline constexpr std::size_t kMaxSegment = 255;
inline constexpr std::size_t kMaxSegments = 32;

/// Decodes %XX once, then checks. Canonical: segments of printable ASCII, 1 to kMaxSegment bytes,
/// at most kMaxSegments, none `.` or `..`, none that starts or ends with a space or ends with a
/// dot; no
/// `//`, `\`, `%` (so nothing is encoded twice), control byte or byte over 0x7e. One slash at the
/// end stays. invalid_argument says which rule, never the path.
[[nodiscard]] Result<std::string> canonical_path(std::string_view target_path);

/// "a/b/c" -> {"a","b","c"}; a trailing slash adds nothing.
[[nodiscard]] std::vector<std::string_view> split_path(std::string_view path);

}  // namespace coffer::model
