// The Merkle tree of RFC 6962 section 2.1 over the lines of a log: its root at any size, and proofs
// that a line is in it, or that one tree is the beginning of another. Pure functions; the hash is
// SHA-256. Errors other than those named come from the crypto library alone.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "coffer/crypto/digest.h"

namespace coffer::audit {

using TreeHash = crypto::Sha256;

/// SHA-256(0x00 ‖ line). The line is without its LF.
[[nodiscard]] Result<TreeHash> hash_leaf(std::string_view line);
/// SHA-256(0x01 ‖ left ‖ right).
[[nodiscard]] Result<TreeHash> hash_node(const TreeHash& left, const TreeHash& right);

/// All that has to be kept of a tree to let it grow: the roots of its perfect subtrees, at most one
/// of each size, the largest first. Not thread-safe.
class Frontier final {
 public:
  /// Of no leaves.
  Frontier() = default;
  /// invalid_argument unless there is one hash for each bit that is set in `size`.
  [[nodiscard]] static Result<Frontier> from(std::uint64_t size, std::span<const TreeHash> hashes);

  /// Unchanged if it fails. One hash a leaf, amortised.
  [[nodiscard]] Result<void> append(const TreeHash& leaf);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const TreeHash> hashes() const noexcept {
    return std::span(hashes_).first(static_cast<std::size_t>(std::popcount(size_)));
  }
  /// Of no leaves SHA-256 of nothing.
  [[nodiscard]] Result<TreeHash> root() const;

 private:
  std::uint64_t size_ = 0;
  std::array<TreeHash, 64> hashes_{};
};

/// Leaves [begin, end), counted from 0: a subtree, of which a proof holds the root.
struct LeafRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const LeafRange&) const = default;
};

/// PATH(index, D[size]) of section 2.1.1, in its order. Precondition: index < size.
[[nodiscard]] std::vector<LeafRange> inclusion_ranges(std::uint64_t index, std::uint64_t size);
/// PROOF(first, D[second]) of section 2.1.2, in its order; nothing for first 0 or first = second.
/// Precondition: first <= second.
[[nodiscard]] std::vector<LeafRange> consistency_ranges(std::uint64_t first, std::uint64_t second);

/// Works out the roots of some ranges in one pass over the leaves. Memory: 2 KiB a range.
class RangeHasher final {
 public:
  /// `before`: of the leaves that the pass leaves out at its start, if it does.
  RangeHasher(std::span<const LeafRange> ranges, const Frontier& before);
  /// The next leaf.
  [[nodiscard]] Result<void> append(const TreeHash& leaf);
  /// In the order in which they were asked for. not_found: a range is not covered by the leaves
  /// that were seen; those before the pass can be told only as the perfect subtrees of `before`.
  [[nodiscard]] Result<std::vector<TreeHash>> roots() const;

 private:
  struct Part {
    LeafRange range;
    Frontier frontier;
  };
  std::vector<Part> parts_;
  std::uint64_t next_;
};

/// RFC 9162 sections 2.1.3.2 and 2.1.4.2. corrupt, with a fixed text, if the proof doesn't show it.
[[nodiscard]] Result<void> verify_inclusion(const TreeHash& leaf, std::uint64_t index,
                                            std::uint64_t size, std::span<const TreeHash> proof,
                                            const TreeHash& root);
[[nodiscard]] Result<void> verify_consistency(std::uint64_t first, const TreeHash& first_root,
                                              std::uint64_t second, const TreeHash& second_root,
                                              std::span<const TreeHash> proof);

}  // namespace coffer::audit
