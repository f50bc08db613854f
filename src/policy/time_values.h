// Durations and points in time as policies write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "coffer/base/clock.h"

namespace coffer::policy {

/// "90" (seconds), "1h30m", "1.5h", "250ms", "7d". Not negative; nullopt: not a duration, or more
/// than 292 years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// RFC 3339 section 5.6, with any offset; years 1970 to 2261.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace coffer::policy
