// Many policies compiled into one table: each path once, ready to be found and asked.
#pragma once

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "prefix_index.h"
#include "segment_trie.h"
#include "stanza.h"

namespace coffer::policy {

/// All stanzas for one path, of all policies, merged.
struct Rule {
  std::string path;  ///< as written
  Shape shape = Shape::exact;
  Capabilities capabilities = 0;
  WrappingBounds wrapping{};
  ParameterRules parameters{};
  /// For each capability's bit the first policy that has it: an index into Rules::policies.
  std::array<std::uint32_t, kCapabilityWords.size()> granted_by{};
  std::vector<std::uint32_t> policies{};  ///< that have this path, in the order given

  /// Without the `*` that ends a glob.
  [[nodiscard]] std::string_view bare_path() const noexcept;
};

/// True if `a` loses against `b` among rules that aren't exact. A total order that doesn't depend
/// on the request, so it is counted out once, as Rules::ranks. `why` says what made the difference.
[[nodiscard]] bool ranks_lower(const Rule& a, const Rule& b, std::string_view* why = nullptr);

/// Not movable: the indexes point into the rules.
struct Acl::Rules {
  Rules() = default;
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  bool root = false;
  std::vector<std::string> policies;  ///< names
  std::vector<Rule> rules;
  std::vector<std::uint32_t> ranks;  ///< of each rule; the highest wins
  std::optional<WallTime> stale_at{};

  std::unordered_map<std::string_view, RuleIndex> exact;
  PrefixIndex prefixes;
  SegmentTrie segments;

  /// After the last rule: builds ranks and indexes.
  void finish();

  // All without allocation.
  [[nodiscard]] RuleIndex find_exact(std::string_view path) const;
  /// The best of those with `*` and `+`.
  [[nodiscard]] RuleIndex find_pattern(std::string_view path) const;
  /// The one rule that decides; kNoRule: none. `folder`: a list or a scan, whose path counts with
  /// and without its slash.
  [[nodiscard]] RuleIndex find(std::string_view path, bool folder) const;
};

/// A path as it is looked up: nothing before its first segment.
[[nodiscard]] std::string_view without_leading_slashes(std::string_view path) noexcept;
[[nodiscard]] std::string_view without_trailing_slash(std::string_view path) noexcept;

}  // namespace coffer::policy
