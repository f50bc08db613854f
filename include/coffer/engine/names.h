// What engines allow as the name of a thing of theirs.
#pragma once

#include <string_view>

#include "coffer/base/result.h"

namespace coffer::engine {

/// Vault's names: 1 to 128 letters, digits and "_", within them also "-", "." and "@". `thing` is
/// for the error: "key", "role". invalid_argument.
[[nodiscard]] Result<void> check_name(std::string_view thing, std::string_view name);

}  // namespace coffer::engine
