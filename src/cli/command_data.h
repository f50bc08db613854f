// The data that a command was given, from its arguments and what they point at.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coffer/model/json_tree.h"
#include "session.h"

namespace coffer::cli {

/// From the positional argument `first` on. Warns of secrets on the command line. nullopt:
/// something was wrong and has been said; the exit code is kLocal.
[[nodiscard]] std::optional<model::Json> read_command_data(Session& session, std::size_t first);

/// A positional argument that is a secret by itself, as a token: `-` is standard input, `?` is
/// asked for without echo, @FILE is a file's content. Anything else is taken as it stands, with a
/// warning. nullopt: as above.
[[nodiscard]] std::optional<std::string> read_secret_argument(Session& session, std::size_t index,
                                                              std::string_view name);

/// Asks on the terminal, unless -non-interactive forbids it. nullopt: as above.
[[nodiscard]] std::optional<std::string> ask_for(Session& session, std::string_view name);

}  // namespace coffer::cli
