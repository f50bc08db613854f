// What in a text could be a secret's value: lines, strings, words, PEM blocks. No judgement here of
// what looks secret: the daemon knows its own values.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace coffer::cli {

inline constexpr std::size_t kLeastCandidate = 12;  ///< bytes; shorter values have no fingerprint
inline constexpr std::size_t kMostCandidate = std::size_t{64} << 10U;

/// `line` counts from 1. The view is valid during the call. The same text may come several times.
using TakeCandidate = std::function<void(std::string_view value, std::size_t line)>;
void each_candidate(std::string_view text, const TakeCandidate& take);

}  // namespace coffer::cli
