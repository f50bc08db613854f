// Durations as Vault's clients write them, and as its answers show them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::model {

/// Longer ones are refused, so that a duration can be added to any time of this century.
inline constexpr std::chrono::seconds kLongestDuration = std::chrono::hours(24 * 365 * 100);

/// "90" and "90s" are seconds; also "1h30m", "1.5h", "500ms", "7d", with or without a sign; "" is
/// 0. Parts of a second count as a whole one, away from zero: a limit that was asked for never
/// becomes 0, which means none. invalid_argument for anything else, without the text.
[[nodiscard]] Result<std::chrono::seconds> parse_duration(std::string_view text);

/// As Go prints them: "0s", "1m30s", "1h0m0s", "-1s".
[[nodiscard]] std::string to_text(std::chrono::seconds duration);

}  // namespace coffer::model
