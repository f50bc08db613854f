// Who is at the other end of a Unix socket, as the kernel says.
#pragma once

#include <chrono>

#include "cgroup.h"
#include "coffer/base/result.h"
#include "coffer/model/peer.h"

namespace coffer::daemon {

/// Asked once, right after accept: SO_PEERCRED and SO_PEERGROUPS are of the connect(2), and no
/// message of the peer's can change them. The unit is that of the process that connected, if it is
/// there still and can be told from whoever has its number next.
[[nodiscard]] Result<model::Peer> peer_of(int socket);

/// Where the kernel has no SO_PEERPIDFD (before 6.5): by the number alone. The process must run as
/// `uid` and have started before `accepted` (CLOCK_BOOTTIME).
[[nodiscard]] UnitPlace place_by_number(pid_t pid, uid_t uid, std::chrono::nanoseconds accepted);

}  // namespace coffer::daemon
