#include "coffer/audit/tree.h"

#include <algorithm>

namespace coffer::audit {
namespace {

constexpr std::array<std::uint8_t, 1> kLeaf{0};
constexpr std::uint8_t kNode = 1;

/// The largest power of two below `size`. Precondition: size > 1.
std::uint64_t split_of(std::uint64_t size) noexcept { return std::bit_floor(size - 1); }

}  // namespace

Result<TreeHash> hash_leaf(std::string_view line) { return crypto::sha256(kLeaf, as_bytes(line)); }

Result<TreeHash> hash_node(const TreeHash& left, const TreeHash& right) {
  std::array<std::uint8_t, 1 + 2 * std::tuple_size_v<TreeHash>> bytes;
  bytes[0] = kNode;
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 1 + left.size());
  return crypto::sha256(bytes);
}

Result<Frontier> Frontier::from(std::uint64_t size, std::span<const TreeHash> hashes) {
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return make_error(ErrorCode::invalid_argument,
                      "a tree of " + std::to_string(size) + " leaves has " +
                          std::to_string(std::popcount(size)) + " perfect subtrees, not " +
                          std::to_string(hashes.size()));
  }
  Frontier made;
  made.size_ = size;
  std::copy(hashes.begin(), hashes.end(), made.hashes_.begin());
  return made;
}

Result<void> Frontier::append(const TreeHash& leaf) {
  TreeHash hash = leaf;
  auto top = static_cast<std::size_t>(std::popcount(size_));
  for (std::uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
    COFFER_TRY(hash, hash_node(hashes_[top - 1], hash));
    --top;
  }
  hashes_[top] = hash;
  ++size_;
  return {};
}

Result<TreeHash> Frontier::root() const {
  if (size_ == 0) return crypto::sha256(ByteView());
  const auto all = hashes();
  TreeHash hash = all.back();
  for (std::size_t i = all.size() - 1; i-- > 0;) {
    COFFER_TRY(hash, hash_node(all[i], hash));
  }
  return hash;
}

std::vector<LeafRange> inclusion_ranges(std::uint64_t index, std::uint64_t size) {
  std::vector<LeafRange> ranges;
  LeafRange tree{0, size};
  while (tree.end - tree.begin > 1) {
    const std::uint64_t middle = tree.begin + split_of(tree.end - tree.begin);
    if (index < middle) {
      ranges.push_back({middle, tree.end});
      tree.end = middle;
    } else {
      ranges.push_back({tree.begin, middle});
      tree.begin = middle;
    }
  }
  std::reverse(ranges.begin(), ranges.end());
  return ranges;
}

std::vector<LeafRange> consistency_ranges(std::uint64_t first, std::uint64_t second) {
  std::vector<LeafRange> ranges;
  if (first == 0 || first == second) return ranges;
  LeafRange tree{0, second};
  while (first != tree.end) {
    const std::uint64_t middle = tree.begin + split_of(tree.end - tree.begin);
    if (first <= middle) {
      ranges.push_back({middle, tree.end});
      tree.end = middle;
    } else {
      ranges.push_back({tree.begin, middle});
      tree.begin = middle;
    }
  }
  // The old tree itself is known to whoever checks (SUBPROOF's `true`).
  if (tree.begin != 0) ranges.push_back(tree);
  std::reverse(ranges.begin(), ranges.end());
  return ranges;
}

RangeHasher::RangeHasher(std::span<const LeafRange> ranges, const Frontier& before)
    : next_(before.size()) {
  for (const LeafRange& range : ranges) {
    Part part{range, {}};
    std::uint64_t begin = 0;
    std::uint64_t bit = std::bit_floor(before.size());
    std::vector<TreeHash> within;
    std::uint64_t leaves = 0;
    for (const TreeHash& hash : before.hashes()) {
      while ((before.size() & bit) == 0) bit >>= 1U;
      if (begin >= range.begin && begin + bit <= range.end) {
        within.push_back(hash);
        leaves += bit;
      }
      begin += bit;
      bit >>= 1U;
    }
    // A range of a proof is aligned to its size: the subtrees within it are a frontier of its own.
    if (auto seeded = Frontier::from(leaves, within); seeded.ok()) part.frontier = *seeded;
    parts_.push_back(part);
  }
}

Result<void> RangeHasher::append(const TreeHash& leaf) {
  for (Part& part : parts_) {
    if (next_ < part.range.begin || next_ >= part.range.end) continue;
    COFFER_CHECK(part.frontier.append(leaf));
  }
  ++next_;
  return {};
}

Result<std::vector<TreeHash>> RangeHasher::roots() const {
  std::vector<TreeHash> roots;
  for (const Part& part : parts_) {
    if (part.frontier.size() != part.range.end - part.range.begin) {
      return make_error(ErrorCode::not_found, "lines that the proof needs are not in the log");
    }
    COFFER_TRY(const TreeHash root, part.frontier.root());
    roots.push_back(root);
  }
  return roots;
}

}  // namespace coffer::audit
