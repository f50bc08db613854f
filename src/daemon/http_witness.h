// A witness over HTTP: c2sp.org/tlog-witness.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coffer/audit/witness.h"

namespace coffer::daemon {

struct HttpWitnessConfig {
  /// What /add-checkpoint is appended to; or "unix:" and the path of a socket.
  std::string url;
  /// PEM file with the authorities of https://; empty: the system's. Read at each connection.
  std::string ca_file{};
  /// nullopt: what it signs is taken as it is.
  std::optional<audit::Cosigner> key{};
};

/// Each attempt takes 5 s at most; once it is hurried, 1 s.
[[nodiscard]] std::unique_ptr<audit::Witness> make_http_witness(HttpWitnessConfig config);

}  // namespace coffer::daemon
