#include "wake_signal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace coffer::pkcs11 {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

timespec as_timespec(std::chrono::steady_clock::time_point when) {
  // steady_clock is CLOCK_MONOTONIC in libstdc++, which is what FUTEX_WAIT_BITSET takes.
  const auto since = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  timespec time{};
  time.tv_sec = seconds.count();
  time.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
  return time;
}

}  // namespace

void WakeSignal::raise() noexcept {
  if (state_.exchange(kRaised, std::memory_order_acq_rel) != kAsleep) return;
  ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

bool WakeSignal::wait_until(std::chrono::steady_clock::time_point deadline) noexcept {
  const timespec until = as_timespec(deadline);
  for (;;) {
    std::uint32_t seen = kDown;
    state_.compare_exchange_strong(seen, kAsleep, std::memory_order_acq_rel);
    if (seen == kRaised) break;
    const long woken = ::syscall(SYS_futex, &state_, FUTEX_WAIT_BITSET_PRIVATE, kAsleep, &until,
                                 nullptr, FUTEX_BITSET_MATCH_ANY);
    if (woken != 0 && errno == ETIMEDOUT) {
      return state_.exchange(kDown, std::memory_order_acq_rel) == kRaised;
    }
  }
  state_.store(kDown, std::memory_order_relaxed);
  return true;
}

}  // namespace coffer::pkcs11
