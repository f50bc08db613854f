// Rules with `+`: all that match a path, found segment by segment.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "prefix_index.h"

namespace coffer::policy {

class SegmentTrie final {
 public:
  SegmentTrie() : nodes_(1) {}
  /// `path` as written, with its `*` if it ends in one; not twice the same; outlives the trie.
  void add(std::string_view path, RuleIndex rule);
  /// After the last add(), before the first find_best().
  void finish(const std::vector<std::uint32_t>& ranks);
  /// Of the rules that match, the one with the highest rank; kNoRule: none does. No allocation.
  [[nodiscard]] RuleIndex find_best(std::string_view path,
                                    const std::vector<std::uint32_t>& ranks) const;

 private:
  using NodeIndex = std::uint32_t;
  struct Node {
    std::vector<std::pair<std::string_view, NodeIndex>> children;  ///< sorted by finish()
    NodeIndex any = kNoRule;                                       ///< the child for `+`
    RuleIndex rule = kNoRule;                                      ///< that ends here
    /// Rank of any rule here or below: what can't win isn't gone into.
    std::int64_t highest = -1;
    PrefixIndex tails;  ///< of rules that go on with "…*": what stands before the `*`
  };
  struct Search;

  NodeIndex child(NodeIndex node, std::string_view segment);
  NodeIndex find_child(NodeIndex node, std::string_view segment) const noexcept;
  void search(NodeIndex node, std::string_view rest, Search& found) const;

  std::vector<Node> nodes_;
  // Until finish(): the tree as a map, and where each rule ends.
  std::map<std::pair<NodeIndex, std::string_view>, NodeIndex> building_;
  std::vector<std::pair<NodeIndex, RuleIndex>> ends_;
};

}  // namespace coffer::policy
