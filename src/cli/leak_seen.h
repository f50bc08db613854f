// Which values were met already, so that each is asked for once.
#pragma once

#include <cstddef>
#include <unordered_set>

namespace coffer::cli {

/// By their hashes. What didn't come for long is forgotten, so that memory has a bound however many
/// there are: if it comes again, it is new again.
class SeenValues final {
 public:
  /// 40 bytes for each of twice as many.
  static constexpr std::size_t kMost = std::size_t{1} << 20U;

  /// The last `most` are known, and up to twice as many.
  explicit SeenValues(std::size_t most = kMost) : most_(most) {}

  /// False: it was here.
  [[nodiscard]] bool add(std::size_t hash);
  /// How many were new.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  const std::size_t most_;
  std::unordered_set<std::size_t> recent_;
  std::unordered_set<std::size_t> before_;
  std::size_t count_ = 0;
};

}  // namespace coffer::cli
