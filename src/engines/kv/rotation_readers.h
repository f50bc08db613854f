// Who is waited for when a secret has a new value.
#pragma once

#include "readers.h"
#include "rotation_row.h"

namespace coffer::engines::kv {

/// Those who read an older version than `promoted` within the plan's window.
[[nodiscard]] std::vector<Awaited> readers_of_old(const Readers::Known& known,
                                                  const RotationPlan& plan, std::uint64_t promoted,
                                                  WallTime now);
/// Those who were answered with the old value while the new one was put down.
void add_late(RotationState& state, const Readers::Known& known, const RotationPlan& plan);
/// Whoever has read the new value isn't waited for any more.
void still_awaited(RotationState& state, const Readers::Known& known);

}  // namespace coffer::engines::kv
