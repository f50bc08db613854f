#include "prefix_index.h"

#include <algorithm>

namespace coffer::policy {

void PrefixIndex::add(std::string_view prefix, RuleIndex rule) {
  entries_.push_back({prefix, rule, kNoRule});
}

void PrefixIndex::finish() {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.prefix < b.prefix; });
  for (std::uint32_t i = 1; i < entries_.size(); ++i) {
    // What an entry starts with stands before it, and is its neighbour or starts its neighbour too.
    std::uint32_t parent = i - 1;
    while (parent != kNoRule && !entries_[i].prefix.starts_with(entries_[parent].prefix)) {
      parent = entries_[parent].parent;
    }
    entries_[i].parent = parent;
  }
}

RuleIndex PrefixIndex::find_longest(std::string_view text) const noexcept {
  const auto after = std::upper_bound(
      entries_.begin(), entries_.end(), text,
      [](std::string_view wanted, const Entry& entry) { return wanted < entry.prefix; });
  if (after == entries_.begin()) return kNoRule;
  // The greatest entry that isn't greater than the text starts with each entry that the text
  // starts with: what sorts between a string and a longer one that it starts, it starts too.
  const Entry* entry = &*(after - 1);
  const auto differ =
      std::mismatch(entry->prefix.begin(), entry->prefix.end(), text.begin(), text.end());
  const auto shared = static_cast<std::size_t>(differ.first - entry->prefix.begin());
  while (entry->prefix.size() > shared) {
    if (entry->parent == kNoRule) return kNoRule;
    entry = &entries_[entry->parent];
  }
  return entry->rule;
}

}  // namespace coffer::policy
