// PEM blocks in lines that come one after the other. RFC 7468: a key is one value of many lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "candidates.h"

namespace coffer::cli {

/// Bytes, with the margin before each line; a longer block is none.
inline constexpr std::size_t kMostBlock = 2 * kMostCandidate;

class BlockCandidates final {
 public:
  /// `take` has to live as long.
  explicit BlockCandidates(const TakeCandidate& take) : take_(take) {}
  ~BlockCandidates() { drop(); }
  BlockCandidates(const BlockCandidates&) = delete;
  BlockCandidates& operator=(const BlockCandidates&) = delete;

  /// Without its line feed. `begins`: as for line_candidates(); a part from the middle of a line
  /// begins with kMostBlock bytes or more that the part before it ended with.
  void add_line(std::string_view text, std::size_t line, bool begins);

 private:
  void open(std::string_view margin, std::size_t line, bool begins);
  void extend(std::string_view text);
  void close();
  void without_margin();
  void drop() noexcept;

  const TakeCandidate& take_;
  std::string block_;  ///< from its BEGIN on
  std::string margin_;
  std::size_t line_ = 0;
  bool open_ = false;
};

}  // namespace coffer::cli
