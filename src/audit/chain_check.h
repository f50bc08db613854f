// Follows the chain from line to line: sequence, hash, node, and which requests are open. The
// verifier and the recovery at start both use it, so that they can't disagree.
#pragma once

#include <cstdint>
#include <string_view>

#include "line.h"
#include "open_requests.h"

namespace coffer::audit {

/// Memory: one entry for each request that is open. Not thread-safe.
class ChainCheck final {
 public:
  /// The first line may be any line; its `prev` is then taken on trust, unless it is line 1.
  /// corrupt, with what is wrong; nothing may be asked afterwards but what was good before.
  [[nodiscard]] Result<void> accept(std::string_view line, const ParsedLine& parsed);

  [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }
  [[nodiscard]] std::uint64_t first_sequence() const noexcept { return first_; }
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_; }
  [[nodiscard]] const HashText& head() const noexcept { return head_; }
  /// The same in bytes: the last line's leaf of the tree.
  [[nodiscard]] const TreeHash& leaf() const noexcept { return leaf_; }
  [[nodiscard]] const Uuid& node() const noexcept { return node_; }
  [[nodiscard]] const OpenRequests& open() const noexcept { return open_; }
  [[nodiscard]] OpenRequests take_open() && noexcept { return std::move(open_); }
  /// A request older than the first line seen is open still.
  [[nodiscard]] bool open_before_first() const noexcept { return open_before_ != 0; }

 private:
  [[nodiscard]] Result<void> check_link(const ParsedLine& parsed) const;
  [[nodiscard]] Result<void> check_request(const ParsedLine& parsed);
  [[nodiscard]] Result<void> check_open(const ParsedLine& parsed);

  std::uint64_t lines_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  HashText head_{};
  TreeHash leaf_{};
  Uuid node_;
  OpenRequests open_;
  std::uint64_t open_before_ = 0;  ///< lowest open sequence, where it is below first_
};

}  // namespace coffer::audit
