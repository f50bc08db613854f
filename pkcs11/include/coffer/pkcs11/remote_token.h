// The Token that a worker process holds, over the worker's socket.
#pragma once

#include <memory>

#include "coffer/pkcs11/packet_socket.h"
#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// `socket` belongs to a worker whose token is open. Calls go out at once and are answered in any
/// order; at most 1024 wait at a time, then it is resource_exhausted. A call that isn't answered
/// within `call_deadline` (generate() and write_data(): twelve times that), or a worker that is
/// gone, makes the token dead: all calls, waiting and new ones, give `unavailable`, for ever. The
/// destructor closes the socket, which ends the worker, and doesn't wait for it.
class RemoteToken : public Token {
 public:
  [[nodiscard]] static Result<std::unique_ptr<RemoteToken>> make(
      PacketSocket socket, std::chrono::milliseconds call_deadline);
  /// Thread-safe. Notices a worker that is gone even if nobody calls.
  [[nodiscard]] virtual bool dead() const = 0;
};

}  // namespace coffer::pkcs11
