#include "coffer/engine/engine.h"

namespace coffer::engine {
namespace {

/// "data/*" matches "data/" and all below it; anything else must be equal.
bool pattern_matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return pattern == path;
  return path.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

Result<bool> Engine::exists(Context& /*context*/, std::string_view /*path*/) { return true; }

RuleMatch match_rule(std::span<const PathRule> rules, model::Operation operation,
                     std::string_view path) {
  RuleMatch match;
  for (const PathRule& rule : rules) {
    if (!pattern_matches(rule.pattern, path)) continue;
    match.path_known = true;
    if (rule.operation == operation) {
      match.rule = &rule;
      return match;
    }
  }
  return match;
}

}  // namespace coffer::engine
