// The command line of cofferd.
#pragma once

#include <chrono>
#include <string>

#include "coffer/audit/log.h"

namespace coffer::daemon {

/// serve: `cofferd --config FILE` or `cofferd dev`. The others are done without serving.
enum class Action : std::uint8_t { serve, restore, drill, root_token, accept_restore };

struct Options {
  bool help = false;
  bool version = false;
  Action action = Action::serve;
  std::string config;     ///< of `--config FILE`; empty: of a development vault in `directory`
  bool check = false;     ///< looks at the configuration only
  std::string directory;  ///< of `cofferd dev --dir DIR`, as the next three
  audit::Durability audit_durability = audit::Durability::power;
  std::chrono::seconds cache_age{60};
  bool audit_unsigned = false;  ///< the audit log gets no checkpoints, to measure what they cost
  std::string file{};           ///< of restore and drill: the backup
  std::string signer{};         ///< of restore and drill; empty: the configured one
  std::string scratch{};        ///< of drill; empty: memory if there is room, else /tmp
  bool pin_stdin = false;       ///< of all but restore: the PIN comes on standard input
};

/// invalid_argument names the option, never its value.
[[nodiscard]] Result<Options> parse_options(int argc, const char* const* argv);
[[nodiscard]] std::string usage();

}  // namespace coffer::daemon
