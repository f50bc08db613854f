// The time that counts while the wall clock can't be trusted: it goes on with CLOCK_BOOTTIME when
// that clock steps, until an operator says that the new time is right. docs/operations.md.
#pragma once

#include "coffer/base/clock.h"
#include "coffer/base/mutex.h"

namespace coffer::lifecycle {

/// Thread-safe, cheap: asked at each request. `source` outlives it.
class EffectiveTime final {
 public:
  /// A larger step is none that a clock makes by itself.
  static constexpr std::chrono::minutes kLargestStep{5};

  explicit EffectiveTime(const Clock& source);
  EffectiveTime(const EffectiveTime&) = delete;
  EffectiveTime& operator=(const EffectiveTime&) = delete;

  /// The store shows that it was so late once: a wall clock behind that was set back meanwhile.
  void at_least(WallTime known) COFFER_EXCLUDES(mutex_);

  struct Reading {
    WallTime wall;
    WallTime effective;
    bool stepped = false;  ///< they differ by more than kLargestStep, and nobody has confirmed that
  };
  [[nodiscard]] Reading read() const COFFER_EXCLUDES(mutex_);
  /// From now on the wall clock is right.
  void confirm() COFFER_EXCLUDES(mutex_);

  /// What time makes happen goes by this one, so a step ends nothing at once.
  [[nodiscard]] const Clock& effective() const noexcept { return effective_; }
  /// What is served goes by this one, the later of the two: nothing lives past its time by either.
  [[nodiscard]] const Clock& latest() const noexcept { return latest_; }

 private:
  class View final : public Clock {
   public:
    View(const EffectiveTime& time, bool latest) : time_(time), latest_(latest) {}
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] std::chrono::nanoseconds boottime() const override;

   private:
    const EffectiveTime& time_;
    const bool latest_;
  };

  const Clock& source_;
  const View effective_{*this, false};
  const View latest_{*this, true};
  mutable Mutex mutex_;
  // Where both clocks stood when they were last believed to agree.
  mutable WallTime wall_ COFFER_GUARDED_BY(mutex_);
  mutable std::chrono::nanoseconds boottime_ COFFER_GUARDED_BY(mutex_);
  mutable bool told_ COFFER_GUARDED_BY(mutex_) = false;
};

}  // namespace coffer::lifecycle
