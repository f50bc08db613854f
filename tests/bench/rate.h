// How often a second something can be done.
#pragma once

#include <chrono>
#include <cstdint>

namespace coffer::bench {

/// Calls `step` until `seconds` are over; `step` gives how many it did, or a negative number when
/// it failed. Gives the rate a second, or a negative number.
template <typename Step>
[[nodiscard]] double rate(double seconds, const Step& step) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::int64_t done = 0;
  auto now = start;
  for (; now < end; now = Clock::now()) {
    const int count = step();
    if (count < 0) return -1;
    done += count;
  }
  return static_cast<double>(done) / std::chrono::duration<double>(now - start).count();
}

}  // namespace coffer::bench
