// What supervisor and worker do to themselves before they do anything else.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "coffer/pkcs11/supervisor_protocol.h"

namespace coffer::token_process {

/// The socket to whoever started this process.
inline constexpr int kSocket = 3;

/// No core dumps, not dumpable, no new privileges, files of our own only, SIGPIPE and the signals
/// of a terminal ignored (the end of the socket is what ends us), all files closed but the first
/// four. Gone as soon as `parent` is. Before any thread.
[[nodiscard]] Result<void> harden(pid_t parent, std::size_t secure_heap);

/// All ids, all groups, and no way back. Nothing if the settings name nobody.
[[nodiscard]] Result<void> become(const pkcs11::Settings& settings, pid_t parent);

/// A filter on system calls, for all threads to come; before the module is loaded.
[[nodiscard]] Result<void> filter_system_calls(pkcs11::Confinement confinement);

}  // namespace coffer::token_process
