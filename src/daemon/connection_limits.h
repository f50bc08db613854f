// What the daemon's sockets allow. No Asio here: the configuration speaks of these too.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

namespace coffer::daemon {

/// Deadlines of design 7; the sweep looks at them four times a second.
struct Deadlines {
  std::chrono::seconds idle{60};
  std::chrono::seconds head{5};
  std::chrono::seconds body{15};
  std::chrono::seconds write{15};
  bool operator==(const Deadlines&) const = default;
};

/// Over all sockets together.
struct ConnectionLimits {
  std::size_t max_connections = 1024;
  std::size_t max_per_uid = 256;
  Deadlines deadlines{};
  bool operator==(const ConnectionLimits&) const = default;
};

struct ListenerConfig {
  std::string path;
  mode_t mode = 0600;
  std::string group{};                 ///< name; empty: the daemon's own
  std::size_t max_connections = 1024;  ///< of this socket
  bool operator==(const ListenerConfig&) const = default;
};

}  // namespace coffer::daemon
