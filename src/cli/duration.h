// Durations as the command line and the environment give them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::cli {

/// "90" (seconds), "1h30m", "500ms". Whole numbers with h, m, s or ms, at most a year in all.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "1h30m", "45s", "0s": as the tables show them.
[[nodiscard]] std::string format_duration(std::chrono::seconds duration);

}  // namespace coffer::cli
