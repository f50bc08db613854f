// A command line as a shell shows it while it is typed, taken apart into words and put together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coffer::cli {

/// The words of `line`, without the quotes and backslashes of a POSIX shell. The last is the one
/// that is being typed: "" after a space. Never empty. Expands nothing.
[[nodiscard]] std::vector<std::string> split_words(std::string_view line);

/// With backslashes before what a shell would act on. Empty for a text with control characters: it
/// can't be typed.
[[nodiscard]] std::string escaped_word(std::string_view text);

}  // namespace coffer::cli
