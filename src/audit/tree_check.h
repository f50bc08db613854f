// The tree beside the chain: what segments tell of it, and what was signed of it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "coffer/audit/checkpoint.h"
#include "line.h"

namespace coffer::audit {

/// Memory: the checkpoints, and one frontier. Not thread-safe.
class TreeCheck final {
 public:
  explicit TreeCheck(std::vector<Checkpoint> known);

  /// A line that the chain took. corrupt: the tree that the line tells, or one that was signed,
  /// isn't that of the lines.
  [[nodiscard]] Result<void> accept(std::string_view line, const ParsedLine& parsed,
                                    const TreeHash& leaf);
  /// Behind the last line. corrupt: more lines were signed than there are.
  [[nodiscard]] Result<void> finish() const;

  /// nullopt: no line told the tree before the first one.
  [[nodiscard]] const std::optional<Frontier>& tree() const noexcept { return tree_; }
  [[nodiscard]] std::uint64_t matched() const noexcept { return matched_; }
  /// Of the largest checkpoint that fits.
  [[nodiscard]] std::uint64_t covered() const noexcept { return covered_; }

 private:
  [[nodiscard]] Result<void> begin(std::string_view line, const ParsedLine& parsed);
  [[nodiscard]] Result<void> compare_signed();

  std::vector<Checkpoint> known_;  ///< by size
  std::size_t next_ = 0;
  std::optional<Frontier> tree_;
  std::uint64_t lines_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t matched_ = 0;
  std::uint64_t covered_ = 0;
};

}  // namespace coffer::audit
