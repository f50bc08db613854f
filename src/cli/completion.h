// Completion as bash's `complete -C` asks for it: the line so far in COMP_LINE, the cursor in
// COMP_POINT, the word that will be replaced as second argument; candidates on standard output.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "environment.h"

namespace coffer::cli {

/// A shell asks, and doesn't run a command.
[[nodiscard]] bool asks_for_completion(const Environment& environment);

/// The candidates, sorted. Each ends with a space when nothing more belongs to the word, so the
/// shell must add none (-o nospace). Never an error: without an answer there are none.
[[nodiscard]] std::vector<std::string> complete(std::span<const std::string> arguments,
                                                const Environment& environment);

}  // namespace coffer::cli
