// For programs that people start, through which secrets pass. The daemon and the token's processes
// have more to settle, and insist on it (daemon/hardening, coffer-token/confine).
#pragma once

namespace coffer {

/// From now on no core file of this process, and no debugger of the same user. The limit passes on
/// to programs that it starts. Where the system refuses, the program goes on all the same.
void refuse_dumps() noexcept;

}  // namespace coffer
