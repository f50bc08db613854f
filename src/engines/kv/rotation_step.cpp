#include "rotation_step.h"

#include "rotation_timing.h"

namespace coffer::engines::kv {
namespace {

using lifecycle::RotationStep;
using lifecycle::StepEnd;
using lifecycle::StepResult;

constexpr std::size_t kMaxTrouble = 256;

void failed(RotationState& state, RotationStep step, const StepResult& result, WallTime now) {
  ++state.failures;
  state.trouble =
      std::string(lifecycle::to_string(step)) + ": " + result.why.substr(0, kMaxTrouble);
  state.next = after_failure(state, now);
}

void go_on(RotationState& state, Phase phase, WallTime now) {
  state.phase = phase;
  state.next = now;
}

Change another_value(RotationState& state, const StepFacts& facts) {
  state.phase = Phase::create;
  state.run = facts.fresh_run;
  state.is_set = false;
  state.uncertain = false;
  return Change::drop;
}

Change after_create(RotationState& state, const StepResult& result, const StepFacts& facts) {
  if (result.end == StepEnd::refused) state.run = facts.fresh_run;
  if (result.end != StepEnd::done) {
    failed(state, RotationStep::create, result, facts.now);
    return Change::keep;
  }
  state.is_set = false;
  state.uncertain = false;
  go_on(state, Phase::set, facts.now);
  return facts.outside ? Change::seal : Change::promote;
}

Change after_set(RotationState& state, const StepResult& result, const StepFacts& facts) {
  if (result.end == StepEnd::done) {
    state.is_set = true;
    go_on(state, Phase::test, facts.now);
    return Change::keep;
  }
  failed(state, RotationStep::set, result, facts.now);
  if (result.end == StepEnd::unknown) {
    state.uncertain = true;
    return Change::keep;
  }
  const bool never = facts.only_try && !state.uncertain && !state.is_set;
  if (never) return another_value(state, facts);
  state.uncertain = true;
  state.phase = Phase::test;  // the one way to find out
  return Change::keep;
}

Change after_test(RotationState& state, const StepResult& result, const StepFacts& facts) {
  if (result.end == StepEnd::done) return Change::promote;
  failed(state, RotationStep::test, result, facts.now);
  if (result.end == StepEnd::unknown) return Change::keep;
  if (!state.is_set) return another_value(state, facts);
  // It was set, so what was current may be gone: this value is all that is left to make work.
  state.uncertain = true;
  state.phase = Phase::set;
  return Change::keep;
}

}  // namespace

Change after_step(RotationState& state, RotationStep step, const StepResult& result,
                  const StepFacts& facts) {
  switch (step) {
    case RotationStep::create: return after_create(state, result, facts);
    case RotationStep::set: return after_set(state, result, facts);
    case RotationStep::test: return after_test(state, result, facts);
    case RotationStep::finish: break;
  }
  if (result.end == StepEnd::done) return Change::end;
  failed(state, RotationStep::finish, result, facts.now);
  return Change::keep;
}

}  // namespace coffer::engines::kv
