// The command line of cofferd.
#pragma once

#include <chrono>
#include <string>

#include "coffer/audit/log.h"

namespace coffer::daemon {

struct Options {
  bool help = false;
  bool version = false;
  std::string config;     ///< of `cofferd --config FILE`; empty: `cofferd dev`
  bool check = false;     ///< looks at the configuration only
  std::string directory;  ///< of `cofferd dev --dir DIR`, as the next two
  audit::Durability audit_durability = audit::Durability::power;
  std::chrono::seconds cache_age{60};
};

/// invalid_argument names the option, never its value.
[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv);
[[nodiscard]] std::string usage();

}  // namespace coffer::daemon
