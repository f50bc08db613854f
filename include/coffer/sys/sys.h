// The engine at sys/: the vault's own state, in Vault's wire format.
#pragma once

#include <memory>

#include "coffer/core/mounts.h"
#include "coffer/core/state.h"

namespace coffer::sys {

/// Both outlive the engine. Thread-safe.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(const core::State& state,
                                                          const core::Mounts& mounts);

/// The mount that goes with it.
[[nodiscard]] engine::Mount mount();

}  // namespace coffer::sys
