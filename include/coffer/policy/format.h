// The text of a policy, laid out the usual way.
#pragma once

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::policy {

/// Indentation by two spaces, one space between words, `=` of neighbouring lines under each other,
/// no two empty lines in a row. Lines are neither split nor joined, and comments stay. What it
/// means is the same, and formatting it again changes nothing. HCL alone: invalid_argument, with
/// the line, for what isn't.
[[nodiscard]] Result<std::string> format(std::string_view text);

}  // namespace coffer::policy
