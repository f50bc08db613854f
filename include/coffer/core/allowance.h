// How much of something each caller may have in a time: a bucket for each, filled at a rate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "coffer/base/clock.h"
#include "coffer/base/mutex.h"

namespace coffer::core {

struct AllowanceLimits {
  std::uint64_t burst = 0;       ///< what a bucket holds
  std::uint64_t per_second = 0;  ///< what comes back
};
/// Values that are looked for among ours: a tree of sources at once, and then at a pace at which
/// trying 10^10 values takes 46 days.
inline constexpr AllowanceLimits kLeakChecks{.burst = 250'000, .per_second = 2'500};

/// In memory alone: a restart fills all buckets. Thread-safe.
class Allowance final {
 public:
  explicit Allowance(AllowanceLimits limits) : limits_(limits) {}

  /// False: there isn't that much; nothing is taken then. `now`: Clock::boottime().
  [[nodiscard]] bool take(std::string_view caller, std::uint64_t amount,
                          std::chrono::nanoseconds now) COFFER_EXCLUDES(mutex_);

 private:
  struct Bucket {
    std::uint64_t left = 0;
    std::chrono::nanoseconds filled{0};
  };
  void forget_full(std::chrono::nanoseconds now) COFFER_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t filled(const Bucket& bucket, std::chrono::nanoseconds now) const;

  const AllowanceLimits limits_;
  Mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
