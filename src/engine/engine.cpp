#include "coffer/engine/engine.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::engine {
namespace {

bool pattern_matches(std::string_view pattern, std::string_view path) {
  for (;;) {
    if (pattern == "*") return true;
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::size_t path_end = std::min(path.find('/'), path.size());
    const std::string_view segment = pattern.substr(0, end);
    const bool any = segment == "+" && path_end > 0;
    if (!any && segment != path.substr(0, path_end)) return false;
    if ((end == pattern.size()) != (path_end == path.size())) return false;
    if (end == pattern.size()) return true;
    pattern.remove_prefix(end + 1);
    path.remove_prefix(path_end + 1);
  }
}

}  // namespace

std::string_view Mount::option(std::string_view name) const {
  for (const auto& [key, value] : options) {
    if (key == name) return value;
  }
  return {};
}

std::span<const PathRule> Engine::paths_for(const Mount& /*mount*/) const { return paths(); }

Result<void> Engine::mend(envelope::SealedTransaction& /*tx*/, const RowName& /*row*/,
                          std::string_view /*value*/, WallTime /*now*/) {
  return {};
}

Result<std::vector<KnownSecret>> Engine::secrets_in(const RowName& /*row*/,
                                                    std::string_view /*value*/) const {
  return std::vector<KnownSecret>();
}

Bytes token_key_id(const Uuid& mount, char letter, std::uint32_t version) {
  Writer id;
  id.raw(mount.bytes).u8(static_cast<std::uint8_t>(letter)).u32(version);
  return std::move(id).take();
}

Result<std::vector<TokenKey>> Engine::token_keys(envelope::SealedTransaction& /*tx*/,
                                                 const Mount& /*mount*/) const {
  return std::vector<TokenKey>();
}

Result<bool> Engine::clear(envelope::SealedTransaction& /*tx*/, const Mount& /*mount*/) {
  return true;
}

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
