// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "coffer/base/clock.h"

namespace coffer::fakes {

/// Thread-safe.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override {
    return WallTime(boottime() + std::chrono::nanoseconds(ahead_));
  }
  [[nodiscard]] std::chrono::nanoseconds boottime() const override {
    return std::chrono::nanoseconds(now_);
  }
  void advance(std::chrono::nanoseconds by) { now_ += by.count(); }
  /// The wall clock alone, as whoever sets it does.
  void step(std::chrono::nanoseconds by) { ahead_ += by.count(); }

 private:
  std::atomic<std::int64_t> ahead_{0};
  std::atomic<std::int64_t> now_{std::chrono::nanoseconds(std::chrono::hours(24)).count()};
};

}  // namespace coffer::fakes
