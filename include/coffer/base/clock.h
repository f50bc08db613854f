// Time as a seam: rooms take a Clock, tests give a manual one.
#pragma once

#include <chrono>
#include <string>

namespace coffer {

/// UTC, as the kernel's wall clock tells it.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  /// CLOCK_BOOTTIME: never steps, counts while suspended.
  [[nodiscard]] virtual std::chrono::nanoseconds boottime() const = 0;
};

[[nodiscard]] const Clock& system_clock() noexcept;

/// RFC 3339 in UTC with nanoseconds, as Vault prints times: 2026-01-02T03:04:05.123456789Z,
/// trailing zeros of the fraction dropped.
[[nodiscard]] std::string to_rfc3339(WallTime time);

}  // namespace coffer
