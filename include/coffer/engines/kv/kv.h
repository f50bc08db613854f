// Key/value secrets, versions 1 and 2, in Vault's wire format; those of version 2 can be rotated.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coffer/engine/engine.h"
#include "coffer/lifecycle/due.h"
#include "coffer/lifecycle/passwords.h"
#include "coffer/lifecycle/rotator.h"

namespace coffer::engines::kv {

/// What rotations need from above.
struct Parts {
  const lifecycle::Rotators& rotators;  ///< outlives the engine
  lifecycle::MakePassword make_password;
  /// The path of a mount, and the staged demand that it stays; nullopt: it is gone.
  std::function<Result<std::optional<std::string>>(engine::SealedTransaction&, const Uuid&)>
      mount_path;
};

/// Serves every mount of type `kv`; its option `version` says which ("2", else 1). Thread-safe. Its
/// due rows go to `handlers`, which don't outlive it.
[[nodiscard]] Result<std::unique_ptr<engine::Engine>> make_engine(Parts parts,
                                                                  lifecycle::Handlers& handlers);

}  // namespace coffer::engines::kv
