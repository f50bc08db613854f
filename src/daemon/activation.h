// Sockets that the service manager made and passed on (sd_listen_fds(3)).
#pragma once

#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::daemon {

struct PassedSocket {
  int fd = -1;
  std::string path;  ///< where it listens
};

/// Empty without LISTEN_PID and LISTEN_FDS, which are taken out of the environment: call it once,
/// before any thread. precondition if one isn't a listening Unix stream socket with a path.
[[nodiscard]] Result<std::vector<PassedSocket>> take_passed_sockets();

}  // namespace coffer::daemon
