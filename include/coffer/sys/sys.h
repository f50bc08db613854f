// The engine at sys/: the vault's own state, in Vault's wire format.
#pragma once

#include <memory>
#include <string>

#include "coffer/core/state.h"
#include "coffer/engine/engine.h"

namespace coffer::sys {

/// All of it outlives the engine.
struct Parts {
  core::State& state;
  core::Control& control;
  const Clock& clock;
  /// The token's PKCS#11 module, which a process of its own loads; empty: it isn't known.
  std::string module{};
};

/// Thread-safe. Also answers while sealed, on the paths that say so.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(Parts parts);

/// The mount that goes with it.
[[nodiscard]] engine::Mount mount();

}  // namespace coffer::sys
