// Until when a call may wait.
#pragma once

#include <chrono>

namespace coffer::connectors {

using Deadline = std::chrono::steady_clock::time_point;

[[nodiscard]] inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// At least 0: poll(2)'s argument.
[[nodiscard]] inline int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count() + 1);
}

}  // namespace coffer::connectors
