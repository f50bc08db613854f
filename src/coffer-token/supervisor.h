// `coffer-token supervise`: holds the PINs and starts the workers. Has no module and one thread.
#pragma once

#include <sys/types.h>

namespace coffer::token_process {

/// Returns when the daemon has closed its end: the process's exit status. No worker is left then,
/// but for one that hangs in the kernel.
[[nodiscard]] int supervise(pid_t daemon);

}  // namespace coffer::token_process
