// The rows of the command table, by subject.
#pragma once

#include <vector>

#include "command.h"

namespace coffer::cli {

[[nodiscard]] std::vector<Command> path_commands();    ///< read, write, list, delete
[[nodiscard]] std::vector<Command> kv_commands();      ///< kv …
[[nodiscard]] std::vector<Command> status_commands();  ///< status
[[nodiscard]] std::vector<Command> print_commands();   ///< print token

}  // namespace coffer::cli
