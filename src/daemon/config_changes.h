// What a reload would change.
#pragma once

#include <string>
#include <vector>

#include "config.h"

namespace coffer::daemon {

struct ConfigChanges {
  std::vector<std::string> live;     ///< "limits.queue 10 to 20", "listener /run/a.sock added"
  std::vector<std::string> restart;  ///< keys that count only from the next start
};

/// `started`: what the process began with; `current`: what it has by now, after earlier reloads.
[[nodiscard]] ConfigChanges compare_configs(const Config& started, const Config& current,
                                            const Config& next);

/// One line for the log and the record.
[[nodiscard]] std::string describe(const ConfigChanges& changes);

}  // namespace coffer::daemon
