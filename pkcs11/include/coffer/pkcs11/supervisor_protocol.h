// What the daemon says to the supervisor, docs/formats/worker-protocol.md. Replies are those of the
// worker's protocol; an opened token's comes with the worker's socket.
#pragma once

#include <vector>

#include "coffer/pkcs11/worker_protocol.h"

namespace coffer::pkcs11 {

/// How much of the system the worker's filter leaves to the module.
enum class Confinement : std::uint8_t {
  local = 1,    ///< local sockets, files, devices
  network = 2,  ///< and the network: for tokens that are reached over it
  off = 3,      ///< no filter at all
};

inline constexpr std::size_t kMaxEnvironment = 64;

/// The first message, once: what the daemon can't change later.
struct Settings {
  Confinement confinement = Confinement::local;
  /// Whom supervisor and workers become; only root can. Empty: they stay who they are.
  std::string user{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::string> environment{};  ///< "NAME=VALUE", for the worker alone
};

/// A daemon numbers its tokens itself. With the message comes the file of PIN attempts, if any.
struct OpenToken {
  std::uint32_t token = 0;
  Opening opening{};
};
struct ReopenToken {
  std::uint32_t token = 0;
};
/// Wipes the PIN. Isn't answered.
struct ForgetToken {
  std::uint32_t token = 0;
};

using Order = std::variant<Settings, OpenToken, ReopenToken, ForgetToken, Initialising>;

struct SupervisorRequest {
  std::uint64_t id = 0;
  Order order{};
};

/// too_large.
[[nodiscard]] Result<Parts> encode(const SupervisorRequest& request);
/// corrupt.
[[nodiscard]] Result<SupervisorRequest> decode_supervisor_request(ByteView packet);

}  // namespace coffer::pkcs11
