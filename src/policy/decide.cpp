#include "coffer/policy/policy.h"

namespace coffer::policy {

model::Decision decide(const model::Caller& caller, model::Operation /*operation*/,
                       std::string_view /*path*/) {
  // `root` must stand alone: mixed with others it would turn any policy editor into root.
  if (caller.policies.size() == 1 && caller.policies.front() == kRootPolicy) {
    return {.allowed = true,
            .rule = "*",
            .policy = kRootPolicy,
            .why = "the root policy allows everything"};
  }
  return {.allowed = false, .rule = {}, .policy = {}, .why = "no rule matches"};
}

}  // namespace coffer::policy
