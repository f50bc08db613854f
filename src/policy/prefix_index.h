// The longest of many strings that another one starts with.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace coffer::policy {

/// Number of a rule; kNoRule: none.
using RuleIndex = std::uint32_t;
inline constexpr RuleIndex kNoRule = std::numeric_limits<RuleIndex>::max();

class PrefixIndex final {
 public:
  /// Not twice the same. `prefix` outlives the index.
  void add(std::string_view prefix, RuleIndex rule);
  /// After the last add(), before the first find_longest().
  void finish();
  /// No allocation. Logarithmic, and a step for each prefix of the nearest entry.
  [[nodiscard]] RuleIndex find_longest(std::string_view text) const noexcept;

 private:
  struct Entry {
    std::string_view prefix;
    RuleIndex rule;
    std::uint32_t parent;  ///< the longest other entry that `prefix` starts with; kNoRule: none
  };
  std::vector<Entry> entries_;  ///< sorted
};

}  // namespace coffer::policy
