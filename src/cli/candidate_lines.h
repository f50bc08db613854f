// What in one line could be a secret's value: the line, strings, words.
#pragma once

#include <cstddef>
#include <string_view>

#include "candidates.h"

namespace coffer::cli {

inline constexpr std::string_view kSpace = " \t\r\n\v\f";

[[nodiscard]] std::string_view trimmed(std::string_view text);

/// As a candidate, if it is as long as one.
void give_trimmed(std::string_view value, std::size_t line, const TakeCandidate& take);

/// `begins`: the text is a line's beginning, and not a part from its middle.
void line_candidates(std::string_view text, std::size_t line, bool begins,
                     const TakeCandidate& take);

}  // namespace coffer::cli
