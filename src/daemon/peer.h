// Who is at the other end of a Unix socket, as the kernel says.
#pragma once

#include "coffer/base/result.h"
#include "coffer/model/peer.h"

namespace coffer::daemon {

/// Asked once, right after accept: SO_PEERCRED and SO_PEERGROUPS are of the connect(2), and no
/// message of the peer's can change them.
[[nodiscard]] Result<model::Peer> peer_of(int socket);

}  // namespace coffer::daemon
