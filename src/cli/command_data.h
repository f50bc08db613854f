// The data that a command was given, from its arguments and what they point at.
#pragma once

#include <optional>

#include "coffer/model/json_tree.h"
#include "session.h"

namespace coffer::cli {

/// From the positional argument `first` on. Warns of secrets on the command line. nullopt:
/// something was wrong and has been said; the exit code is kLocal.
[[nodiscard]] std::optional<model::Json> read_command_data(Session& session, std::size_t first);

}  // namespace coffer::cli
