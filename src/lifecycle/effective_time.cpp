#include "coffer/lifecycle/effective_time.h"

#include <algorithm>

#include "coffer/base/log.h"

namespace coffer::lifecycle {

EffectiveTime::EffectiveTime(const Clock& source)
    : source_(source), wall_(source.wall()), boottime_(source.boottime()) {}

WallTime EffectiveTime::View::wall() const {
  const Reading now = time_.read();
  return latest_ ? std::max(now.wall, now.effective) : now.effective;
}

std::chrono::nanoseconds EffectiveTime::View::boottime() const { return time_.source_.boottime(); }

void EffectiveTime::at_least(WallTime known) {
  const MutexLock lock(mutex_);
  const std::chrono::nanoseconds boottime = source_.boottime();
  const WallTime effective = wall_ + (boottime - boottime_);
  if (effective >= known) return;
  wall_ = known;
  boottime_ = boottime;
}

EffectiveTime::Reading EffectiveTime::read() const {
  const MutexLock lock(mutex_);
  const std::chrono::nanoseconds boottime = source_.boottime();
  const WallTime wall = source_.wall();
  const WallTime effective = wall_ + (boottime - boottime_);
  const auto apart = wall > effective ? wall - effective : effective - wall;
  if (apart > kLargestStep) {
    if (!told_) log::warn("the clock has stepped: confirm it (sys/clock), or set it right");
    told_ = true;
    return {wall, effective, true};
  }
  // Small corrections are followed; so is a clock that was set right again.
  wall_ = wall;
  boottime_ = boottime;
  told_ = false;
  return {wall, wall, false};
}

void EffectiveTime::confirm() {
  const MutexLock lock(mutex_);
  wall_ = source_.wall();
  boottime_ = source_.boottime();
  told_ = false;
}

}  // namespace coffer::lifecycle
