// What the end of a step means for a run: the rules, without store and clock.
#pragma once

#include "coffer/lifecycle/rotator.h"
#include "rotation_row.h"

namespace coffer::engines::kv {

/// What is to be done with the new value.
enum class Change : std::uint8_t {
  keep,
  seal,     ///< it was made: it is stored before anything happens outside
  drop,     ///< it never came into force
  promote,  ///< it works: readers get it from now on
  end,      ///< the run is over
};

struct StepFacts {
  WallTime now;
  bool outside = true;    ///< the rotator's steps have an effect
  bool only_try = false;  ///< of `set`: there was no other attempt with this value
  Uuid fresh_run{};       ///< for another value
};

/// Phase, failures, flags and `next` follow; of the ones with `promote` and `end` the caller sets
/// what comes next.
///
/// Whoever is locked out of a database by a password that nobody kept stays locked out. So a new
/// value is dropped only if it is known not to be in force: it was refused at its only try, or,
/// where a try ended nobody knows how, refused and then found not to work.
[[nodiscard]] Change after_step(RotationState& state, lifecycle::RotationStep step,
                                const lifecycle::StepResult& result, const StepFacts& facts);

}  // namespace coffer::engines::kv
