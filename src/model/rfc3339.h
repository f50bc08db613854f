#pragma once

#include <string_view>

namespace coffer::model {

/// A timestamp exactly as RFC 3339 section 5.6 spells it: upper-case T and Z, days that exist, no
/// leap second, at most nine digits of a fraction (so that no secret hides in a longer one).
[[nodiscard]] bool is_rfc3339(std::string_view text) noexcept;

}  // namespace coffer::model
