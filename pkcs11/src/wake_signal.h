// Waking one thread, with a deadline, without a mutex.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace coffer::pkcs11 {

/// One thread waits, others raise. What was raised before wait_until() counts. A thread that isn't
/// asleep is woken without a system call; a mutex beside a condition variable would be fought over
/// by all sixteen callers.
class WakeSignal final {
 public:
  void raise() noexcept;
  /// Takes the signal back down. False: the deadline passed first.
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) noexcept;
  void lower() noexcept { state_.store(kDown, std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kDown = 0;
  static constexpr std::uint32_t kRaised = 1;
  static constexpr std::uint32_t kAsleep = 2;
  std::atomic<std::uint32_t> state_{kDown};
};

}  // namespace coffer::pkcs11
