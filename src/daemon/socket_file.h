// The file of a Unix socket: made so that nobody else can be there first, and given to no more
// users than the configuration says.
#pragma once

#include "coffer/base/result.h"
#include "connection_limits.h"

namespace coffer::daemon {

/// A listening socket at config.path, with its mode and group. What is there already goes only if
/// it is a socket of ours on which nobody listens; anything else is `precondition`, and so is a
/// directory in which others could put something in its place. The caller closes the descriptor.
[[nodiscard]] Result<int> listen_at(const ListenerConfig& config);

/// Gives mode and group to the socket that is there, and looks whether they took.
[[nodiscard]] Result<void> give_access(const ListenerConfig& config);

/// For a socket that someone else made (systemd): precondition if it lets in more than `config`.
[[nodiscard]] Result<void> check_access(const ListenerConfig& config);

}  // namespace coffer::daemon
