#include "peer.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace coffer::daemon {

Result<model::Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return make_error(ErrorCode::unavailable, "cannot tell who connected", std::strerror(errno));
  }
  model::Peer peer{credentials.uid, credentials.gid, credentials.pid, {}, {}};
  socklen_t bytes = 0;
  // The first call says how much room the list needs.
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes) == 0 || errno != ERANGE) {
    return peer;
  }
  peer.groups.resize(bytes / sizeof(gid_t));
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &bytes) != 0) {
    peer.groups.clear();
  }
  return peer;
}

}  // namespace coffer::daemon
