// The rotator "database": a KV secret whose password is that of a static role.
#pragma once

#include <memory>

#include "coffer/lifecycle/rotator.h"
#include "paths.h"

namespace coffer::engines::database {

/// `house` outlives it.
[[nodiscard]] std::unique_ptr<lifecycle::Rotator> make_rotator(House& house);

}  // namespace coffer::engines::database
