// Key/value secrets, versions 1 and 2, in Vault's wire format.
#pragma once

#include <memory>

#include "coffer/engine/engine.h"

namespace coffer::engines::kv {

/// Serves every mount of type `kv`; its option `version` says which ("2", else 1). Thread-safe.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine();

}  // namespace coffer::engines::kv
