#pragma once

#include <string_view>

#include "syntax.h"

namespace coffer::policy {

/// HCL 1: the whole text as one object.
[[nodiscard]] Result<Node> parse_hcl(std::string_view text);

}  // namespace coffer::policy
