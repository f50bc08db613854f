// `coffer-token work`: holds the module and one token, for whoever has the other end of its socket.
#pragma once

#include <sys/types.h>

#include "coffer/pkcs11/supervisor_protocol.h"

namespace coffer::token_process {

/// Returns when the other end has closed, or nothing was opened: the process's exit status.
[[nodiscard]] int work(pkcs11::Confinement confinement, pid_t supervisor);

}  // namespace coffer::token_process
