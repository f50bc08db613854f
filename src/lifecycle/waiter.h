// Who waits for ends within a request. Private to the room.
#pragma once

#include <atomic>
#include <chrono>

#include "coffer/lifecycle/leases.h"

namespace coffer::lifecycle {

class Leases::Waiter final {
 public:
  /// A quarter of the workers for slow requests, as they come by default, may be held up for long.
  static constexpr int kMost = 4;
  static constexpr std::chrono::seconds kMoment{2};

  explicit Waiter(std::atomic<int>& waiting);
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  [[nodiscard]] std::chrono::seconds at_most(std::chrono::seconds most) const;

 private:
  std::atomic<int>& waiting_;
  const int before_;
};

}  // namespace coffer::lifecycle
