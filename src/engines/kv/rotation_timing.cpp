#include "rotation_timing.h"

#include <algorithm>

#include "coffer/crypto/random.h"
#include "coffer/lifecycle/schedule.h"

namespace coffer::engines::kv {
namespace {

constexpr std::chrono::seconds kLongestBackoff = std::chrono::minutes(15);
constexpr std::uint32_t kMaxDoublings = 10;

/// So that what has one schedule isn't all changed in one second.
Result<std::chrono::nanoseconds> by_chance(std::chrono::seconds at_most) {
  if (at_most.count() <= 0) return std::chrono::nanoseconds(0);
  Bytes bits(sizeof(std::uint64_t));
  COFFER_CHECK(crypto::random_fill(bits));
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bits) number = number << 8U | byte;
  const auto range = static_cast<std::uint64_t>(std::chrono::nanoseconds(at_most).count());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(number % range));
}

}  // namespace

Result<WallTime> next_time(const RotationPlan& plan, WallTime after) {
  COFFER_TRY(const std::chrono::nanoseconds later, by_chance(plan.jitter));
  if (plan.schedule.empty()) return after + plan.period + later;
  COFFER_TRY(const auto schedule, lifecycle::Schedule::parse(plan.schedule, plan.time_zone));
  COFFER_TRY(const WallTime next, schedule.next(after));
  return next + later;
}

/// The jitter lies within the window, so it is taken off again: the earliest time of the schedule
/// that `next` can have come of.
WallTime window_end(const RotationPlan& plan, WallTime next) {
  const WallTime earliest = next - plan.jitter;
  const auto schedule = lifecycle::Schedule::parse(plan.schedule, plan.time_zone);
  if (!schedule.ok()) return earliest + plan.window;
  const auto time = schedule->next(earliest - std::chrono::seconds(1));
  return (time.ok() ? std::min(*time, next) : earliest) + plan.window;
}

void end_run(Rotation& rotation, WallTime now) {
  forget_failures(rotation.state);
  miss_window(rotation, now);
}

void miss_window(Rotation& rotation, WallTime now) {
  RotationState& state = rotation.state;
  state.phase = Phase::idle;
  state.run = {};
  state.forced = false;
  state.is_set = false;
  state.uncertain = false;
  state.awaited.clear();
  state.earlier = state.failures;
  const Result<WallTime> next = next_time(rotation.plan, now);
  state.next = next.ok() ? *next : WallTime();
  if (next.ok()) return;
  ++state.failures;
  state.trouble = next.error().text;
}

bool lost_its_time(const RotationState& state) noexcept {
  return state.phase == Phase::idle && state.next == WallTime();
}

Result<WallTime> time_again(const Rotation& rotation, WallTime now) {
  const bool only_later = rotation.plan.window.count() > 0;
  return next_time(rotation.plan, only_later ? now : rotation.state.last);
}

void rest_until(RotationState& state, WallTime next) {
  state.next = next;
  forget_failures(state);
}

void forget_failures(RotationState& state) {
  state.failures = 0;
  state.earlier = 0;
  state.trouble.clear();
}

void found_time(RotationState& state, WallTime next) {
  if (state.earlier == 0) return rest_until(state, next);
  state.next = next;
  state.failures = state.earlier;
  state.trouble = "no value was made in the window before";
}

WallTime look_at(const RotationState& state, WallTime now) noexcept {
  return lost_its_time(state) ? after_failure(state, now) : state.next;
}

WallTime after_failure(const RotationState& state, WallTime now) noexcept {
  return now + backoff(state.failures - std::min(state.earlier, state.failures));
}

std::chrono::seconds backoff(std::uint32_t failures) noexcept {
  const auto doubled = std::chrono::seconds(1LL << std::min(failures, kMaxDoublings));
  return std::min(doubled, kLongestBackoff);
}

std::chrono::seconds look_interval(WallTime now, WallTime deadline) noexcept {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline - now);
  return std::clamp(left / 30, std::chrono::seconds(1), std::chrono::seconds(30));
}

}  // namespace coffer::engines::kv
