// One rule against one path, by itself: for explanations and mounts, where the indexes say too
// little.
#pragma once

#include <string_view>

#include "rules.h"

namespace coffer::policy {

[[nodiscard]] bool matches(const Rule& rule, std::string_view path);

/// Whether the rule matches some path that starts with `prefix`, this one among them.
[[nodiscard]] bool reaches_below(const Rule& rule, std::string_view prefix);

}  // namespace coffer::policy
