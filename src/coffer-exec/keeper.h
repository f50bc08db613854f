// The parent of one run: whatever a program starts, and however it hides it, ends with the run.
#pragma once

#include <sys/types.h>

#include <span>

#include "child.h"

namespace coffer::exec_process {

/// A process of its own, which starts the program and takes in all that loses its parent below it.
/// When the program has ended it ends what is left, and then itself, as the program did. SIGTERM,
/// or the end of who started it, ends all of it at once. -1: there is none.
[[nodiscard]] pid_t keep(const Runnable& runnable, int input, int output);

/// Kills all children of this process, which has one thread, but the `spared`; what is below them
/// comes to it then. False: it isn't known which there are.
bool kill_children(std::span<const pid_t> spared);

}  // namespace coffer::exec_process
