// Help texts, made from the table of commands.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "command.h"

namespace coffer::cli {

/// All commands.
[[nodiscard]] std::string general_help(std::span<const Command> commands);
/// The commands that begin with `words`, as "kv"; empty if there are none.
[[nodiscard]] std::string group_help(std::span<const Command> commands, std::string_view words);
[[nodiscard]] std::string command_help(const Command& command);

}  // namespace coffer::cli
