// How the API tells of the passwords that the engine has.
#pragma once

#include <optional>

#include "coffer/engine/readable.h"

namespace coffer::engines::database {

/// nullopt: its connection or role is gone.
[[nodiscard]] Result<std::optional<engine::SecretPlace>> secret_place(
    engine::SealedTransaction& tx, const Uuid& mount, const engine::SecretContext& secret);

}  // namespace coffer::engines::database
