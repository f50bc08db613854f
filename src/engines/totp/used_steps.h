// Which codes of a key were accepted: each is good once (RFC 6238 section 5.2).
#pragma once

#include <cstdint>
#include <vector>

namespace coffer::engines::totp {

/// A set that only grows, though little of it is kept: of steps so old that they aren't accepted
/// any more all count as used. So a clock that goes back makes no old code good again.
struct UsedSteps {
  std::uint64_t all_below = 0;
  std::vector<std::uint64_t> single{};  ///< ascending, none below `all_below`

  [[nodiscard]] bool has(std::uint64_t step) const;
  void add(std::uint64_t step);
  /// From now on no step below this one is accepted.
  void forget_below(std::uint64_t oldest);
};

}  // namespace coffer::engines::totp
