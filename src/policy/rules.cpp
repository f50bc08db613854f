#include "rules.h"

#include <algorithm>
#include <numeric>

namespace coffer::policy {
namespace {

std::size_t first_wildcard(const Rule& rule) noexcept {
  if (rule.shape == Shape::segments) return rule.path.find('+');
  return rule.bare_path().size();
}

std::size_t wildcard_segments(std::string_view path) noexcept {
  std::size_t count = 0;
  for (;;) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "+") ++count;
    if (slash == std::string_view::npos) return count;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string_view Rule::bare_path() const noexcept {
  std::string_view bare(path);
  if (shape != Shape::exact && bare.ends_with('*')) bare.remove_suffix(1);
  return bare;
}

bool ranks_lower(const Rule& a, const Rule& b, std::string_view* why) {
  const auto because = [why](std::string_view text, bool lower) {
    if (why != nullptr) *why = text;
    return lower;
  };
  const std::size_t first_a = first_wildcard(a);
  const std::size_t first_b = first_wildcard(b);
  if (first_a != first_b) {
    return because("its first wildcard comes earlier", first_a < first_b);
  }
  const bool glob_a = a.path.ends_with('*');
  const bool glob_b = b.path.ends_with('*');
  if (glob_a != glob_b) return because("it ends in *, the other doesn't", glob_a);
  const std::size_t wild_a = a.shape == Shape::segments ? wildcard_segments(a.bare_path()) : 0;
  const std::size_t wild_b = b.shape == Shape::segments ? wildcard_segments(b.bare_path()) : 0;
  if (wild_a != wild_b) return because("it has more segments +", wild_a > wild_b);
  const std::string_view bare_a = a.bare_path();
  const std::string_view bare_b = b.bare_path();
  if (bare_a.size() != bare_b.size())
    return because("it is shorter", bare_a.size() < bare_b.size());
  return because("it sorts before the other", bare_a < bare_b);
}

void Acl::Rules::finish() {
  std::vector<RuleIndex> order(rules.size());
  std::iota(order.begin(), order.end(), RuleIndex{0});
  std::sort(order.begin(), order.end(),
            [this](RuleIndex a, RuleIndex b) { return ranks_lower(rules[a], rules[b]); });
  ranks.resize(rules.size());
  for (std::uint32_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;

  for (RuleIndex i = 0; i < rules.size(); ++i) {
    switch (rules[i].shape) {
      case Shape::exact: exact.emplace(rules[i].path, i); break;
      case Shape::prefix: prefixes.add(rules[i].bare_path(), i); break;
      case Shape::segments: segments.add(rules[i].path, i); break;
    }
  }
  prefixes.finish();
  segments.finish(ranks);
}

RuleIndex Acl::Rules::find_exact(std::string_view path) const {
  const auto found = exact.find(path);
  return found == exact.end() ? kNoRule : found->second;
}

RuleIndex Acl::Rules::find_pattern(std::string_view path) const {
  const RuleIndex prefix = prefixes.find_longest(path);
  const RuleIndex segment = segments.find_best(path, ranks);
  if (prefix == kNoRule) return segment;
  if (segment == kNoRule) return prefix;
  return ranks[prefix] < ranks[segment] ? segment : prefix;
}

RuleIndex Acl::Rules::find(std::string_view path, bool folder) const {
  path = without_leading_slashes(path);
  const std::string_view bare = without_trailing_slash(path);
  const bool both = folder && bare.size() != path.size();
  RuleIndex rule = find_exact(path);
  if (rule == kNoRule && both) rule = find_exact(bare);
  if (rule == kNoRule) rule = find_pattern(path);
  if (rule == kNoRule && both) rule = find_pattern(bare);
  return rule;
}

std::string_view without_leading_slashes(std::string_view path) noexcept {
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

std::string_view without_trailing_slash(std::string_view path) noexcept {
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace coffer::policy
