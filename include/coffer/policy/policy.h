// May this caller do this? A pure function: no I/O, no clock, no state.
#pragma once

#include "coffer/model/caller.h"
#include "coffer/model/request.h"

namespace coffer::policy {

inline constexpr std::string_view kRootPolicy = "root";

/// Deny by default. The policy `root` must stand alone and allows everything.
[[nodiscard]] model::Decision decide(const model::Caller& caller, model::Operation operation,
                                     std::string_view path);

}  // namespace coffer::policy
