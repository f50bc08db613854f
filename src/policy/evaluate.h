#pragma once

#include "rules.h"

namespace coffer::policy {

/// What the rule says to the query, the path aside. No allocation, but see refusal().
[[nodiscard]] model::Decision decide_by_rule(const Acl::Rules& rules, RuleIndex index,
                                             const Query& query);

/// A list and a scan name a folder, with a slash at its end.
[[nodiscard]] bool is_folder(model::Operation operation) noexcept;

}  // namespace coffer::policy
