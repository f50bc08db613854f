// The inside of a worker: answers the calls of one socket with one Token.
#pragma once

#include <functional>

#include "coffer/pkcs11/packet_socket.h"
#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// Serves with that many threads until the other end closes, or says what isn't in the protocol
/// (corrupt: then the socket is shut). Returns once the calls under way are done; `ending` runs
/// before that, once, when the end is seen, on one of the threads.
[[nodiscard]] Result<void> serve_token(Token& token, const PacketSocket& socket,
                                       std::size_t threads,
                                       const std::function<void()>& ending = {});

}  // namespace coffer::pkcs11
