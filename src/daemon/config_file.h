// The configuration as it stands on the machine: the file itself, and what it names.
#pragma once

#include <string>
#include <vector>

#include "config.h"

namespace coffer::daemon {

struct LoadedConfig {
  Config config{};
  std::vector<std::string> problems{};  ///< a line each; if there is one, `config` is of no use
};

/// Reads `path`, if nobody but root and this user could have written it, and parses it whole.
[[nodiscard]] LoadedConfig load_config(const std::string& path);

/// Owner and mode of everything that the configuration names, as this user sees it: all that is
/// wrong at once. Files that the first start will make may be absent; directories may not.
[[nodiscard]] std::vector<std::string> check_machine(const Config& config);

/// Beyond that, what a start would find out only on its way: files that hold nothing it can use.
/// Reads the PIN's file, so it is for `--check` alone. Names files, and never what they hold.
[[nodiscard]] std::vector<std::string> check_contents(const Config& config);

}  // namespace coffer::daemon
