// Key/value secrets, version 2, in Vault's wire format.
#pragma once

#include <memory>

#include "coffer/engine/engine.h"

namespace coffer::engines::kv {

/// Serves every mount of type `kv` with version 2; thread-safe.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine();

}  // namespace coffer::engines::kv
