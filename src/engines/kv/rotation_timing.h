// When a rotation is due next.
#pragma once

#include "rotation_row.h"

namespace coffer::engines::kv {

/// The next time of the plan after `after`, with its jitter. Precondition: the plan was checked.
[[nodiscard]] Result<WallTime> next_time(const RotationPlan& plan, WallTime after);

/// Until when a value may be made that was to be made at `next`, a time of the schedule and its
/// jitter; the earliest that this can be, where the schedule can't be asked (its time zone is
/// gone). Precondition: the plan has a schedule and a window.
[[nodiscard]] WallTime window_end(const RotationPlan& plan, WallTime next);

/// The run is over: it rests until the plan's next time. Where that can't be told, for a database
/// of time zones can lose one, the run is over all the same, and the rotation in trouble: `next`
/// isn't known.
void end_run(Rotation& rotation, WallTime now);
/// The same where the window is over and no value was made: what failed is told until a rotation
/// succeeds, but the tries of the next window begin afresh.
void miss_window(Rotation& rotation, WallTime now);
/// `next` isn't known.
[[nodiscard]] bool lost_its_time(const RotationState& state) noexcept;
/// The time that it should have then. With a window those that passed meanwhile are left out, else
/// it may be past.
[[nodiscard]] Result<WallTime> time_again(const Rotation& rotation, WallTime now);
/// It rests until `next`, and there is no trouble.
void rest_until(RotationState& state, WallTime next);
/// What failed is over: a value was made, or it is to begin anew.
void forget_failures(RotationState& state);
/// As rest_until() once `next` is known again; what failed in windows before stays told.
void found_time(RotationState& state, WallTime next);
/// When it is looked at: at `next`, or, where that isn't known, as after a failure.
[[nodiscard]] WallTime look_at(const RotationState& state, WallTime now) noexcept;

/// When it is tried again after a failure, which is counted already.
[[nodiscard]] WallTime after_failure(const RotationState& state, WallTime now) noexcept;
/// How long after so many of them: 2 s, 4 s, … 15 minutes.
[[nodiscard]] std::chrono::seconds backoff(std::uint32_t failures) noexcept;

/// How often it is looked whether readers came, so that a deadline isn't met much too late.
[[nodiscard]] std::chrono::seconds look_interval(WallTime now, WallTime deadline) noexcept;

}  // namespace coffer::engines::kv
