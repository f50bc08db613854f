#include "commands.h"

#include <iterator>

namespace coffer::cli {

std::span<const Command> all_commands() {
  static const std::vector<Command> table = [] {
    std::vector<Command> all;
    for (auto* const part : {&path_commands, &status_commands, &kv_commands, &print_commands}) {
      std::vector<Command> rows = part();
      std::move(rows.begin(), rows.end(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

}  // namespace coffer::cli
