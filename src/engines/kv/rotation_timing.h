// When a rotation is due next.
#pragma once

#include "rotation_row.h"

namespace coffer::engines::kv {

/// The next time of the plan after `after`, with its jitter. Precondition: the plan was checked.
[[nodiscard]] Result<WallTime> next_time(const RotationPlan& plan, WallTime after);

/// Until when a value may be made that was to be made at `next`, a time of the schedule and its
/// jitter. Precondition: the plan has a schedule and a window.
[[nodiscard]] Result<WallTime> window_end(const RotationPlan& plan, WallTime next);

/// How long after a failure it is tried again: 2 s, 4 s, … 15 minutes.
[[nodiscard]] std::chrono::seconds backoff(std::uint32_t failures) noexcept;

/// How often it is looked whether readers came, so that a deadline isn't met much too late.
[[nodiscard]] std::chrono::seconds look_interval(WallTime now, WallTime deadline) noexcept;

}  // namespace coffer::engines::kv
