// Who is at the other end, as the kernel says, and what the caller showed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "coffer/base/secure_bytes.h"

namespace coffer::model {

/// Taken once at accept (SO_PEERCRED, SO_PEERGROUPS), never from the request.
struct Peer {
  uid_t uid = 65534;
  gid_t gid = 65534;
  pid_t pid = 0;
  std::vector<gid_t> groups;
  std::string unit;        ///< systemd unit; empty: none, or not made out
  bool container = false;  ///< in a container, or where nobody can tell
};

/// What one request brings to say who it is. Not owned: the connection outlives the request.
struct Evidence {
  const Peer& peer;
  std::string_view bearer;  ///< the token as sent; empty: none. Secret.
};

}  // namespace coffer::model
