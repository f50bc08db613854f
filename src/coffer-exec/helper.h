// What coffer-exec does: takes the list of programs once, then runs them as it is told, each with a
// deadline.
#pragma once

#include <sys/types.h>

namespace coffer::exec_process {

/// Until cofferd is gone. Gives the exit status.
[[nodiscard]] int help(pid_t daemon);

}  // namespace coffer::exec_process
