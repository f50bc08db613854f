#include "segment_trie.h"

#include <algorithm>

namespace coffer::policy {

struct SegmentTrie::Search {
  const std::vector<std::uint32_t>& ranks;
  RuleIndex best = kNoRule;
  std::int64_t rank = -1;

  void consider(RuleIndex rule) {
    if (rule == kNoRule || ranks[rule] <= rank) return;
    best = rule;
    rank = ranks[rule];
  }
};

SegmentTrie::NodeIndex SegmentTrie::child(NodeIndex node, std::string_view segment) {
  const auto next = static_cast<NodeIndex>(nodes_.size());
  const auto [place, made] = building_.try_emplace({node, segment}, next);
  if (!made) return place->second;
  nodes_.emplace_back();
  if (segment == "+") {
    nodes_[node].any = next;
  } else {
    nodes_[node].children.emplace_back(segment, next);
  }
  return next;
}

void SegmentTrie::add(std::string_view path, RuleIndex rule) {
  const bool glob = path.ends_with('*');
  if (glob) path.remove_suffix(1);
  NodeIndex node = 0;
  for (;;) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) break;
    node = child(node, path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  if (glob) {
    nodes_[node].tails.add(path, rule);
  } else {
    node = child(node, path);
    nodes_[node].rule = rule;
  }
  ends_.emplace_back(node, rule);
}

void SegmentTrie::finish(const std::vector<std::uint32_t>& ranks) {
  for (const auto& [node, rule] : ends_) {
    nodes_[node].highest = std::max(nodes_[node].highest, std::int64_t{ranks[rule]});
  }
  // A child is always made after its parent.
  for (NodeIndex i = static_cast<NodeIndex>(nodes_.size()); i-- > 0;) {
    Node& node = nodes_[i];
    if (node.any != kNoRule) node.highest = std::max(node.highest, nodes_[node.any].highest);
    for (const auto& [name, index] : node.children) {
      node.highest = std::max(node.highest, nodes_[index].highest);
    }
  }
  building_.clear();
  ends_.clear();
  for (Node& node : nodes_) {
    std::sort(node.children.begin(), node.children.end());
    node.tails.finish();
  }
}

SegmentTrie::NodeIndex SegmentTrie::find_child(NodeIndex node,
                                               std::string_view segment) const noexcept {
  const auto& children = nodes_[node].children;
  const auto found =
      std::lower_bound(children.begin(), children.end(), segment,
                       [](const auto& entry, std::string_view name) { return entry.first < name; });
  if (found == children.end() || found->first != segment) return kNoRule;
  return found->second;
}

// As deep as the rules are, which the parser bounds.
void SegmentTrie::search(NodeIndex node, std::string_view rest, Search& found) const {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  // Of those that end in `*` behind the same segments the longest ranks highest.
  found.consider(nodes_[node].tails.find_longest(segment));
  for (const NodeIndex next : {find_child(node, segment), nodes_[node].any}) {
    // The literal comes first: its rules tend to rank higher, so `+` is often not gone into.
    if (next == kNoRule || nodes_[next].highest <= found.rank) continue;
    if (slash == std::string_view::npos) {
      found.consider(nodes_[next].rule);
    } else {
      search(next, rest.substr(slash + 1), found);
    }
  }
}

RuleIndex SegmentTrie::find_best(std::string_view path,
                                 const std::vector<std::uint32_t>& ranks) const {
  Search found{ranks};
  search(0, path, found);
  return found.best;
}

}  // namespace coffer::policy
