// A witness over HTTP: c2sp.org/tlog-witness.
#pragma once

#include <memory>
#include <string>

#include "coffer/audit/witness.h"

namespace coffer::daemon {

/// `url`: what /add-checkpoint is appended to; https:// is held against the system's authorities.
/// Or "unix:" and the path of a socket.
[[nodiscard]] std::unique_ptr<audit::Witness> make_http_witness(std::string url);

}  // namespace coffer::daemon
