// What cofferd does to a vault that isn't served: restore, drill, root-token.
#pragma once

#include "options.h"

namespace coffer::daemon {

/// Gives the exit status. Says on standard output what was done, in the log what went wrong.
[[nodiscard]] int run_offline(const Options& options);

}  // namespace coffer::daemon
