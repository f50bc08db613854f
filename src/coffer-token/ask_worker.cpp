#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "supervised_token.h"

namespace coffer::token_process {
namespace {

using pkcs11::Instant;
using pkcs11::LoginOutcome;
using pkcs11::PacketSocket;

Error gone(std::string_view cause) {
  return make_error(ErrorCode::unavailable, "the token's worker died, or can't be started", cause);
}

/// An answer is there, or the worker is gone. A daemon that is gone wants no answer any more.
Result<void> await_answer(const PacketSocket& daemon, const PacketSocket& worker,
                          Instant deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd watched[] = {{worker.file(), POLLIN, 0}, {daemon.file(), 0, 0}};
    const int ready = ::poll(
        watched, 2, static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return gone("poll");
    if (watched[0].revents != 0) return {};
    if (ready > 0) return make_error(ErrorCode::unavailable, "cofferd is gone");
    return make_error(ErrorCode::unavailable, "the token didn't answer in time",
                      "the worker's deadline passed while it opened the token");
  }
}

Result<Bytes> ask(const Surroundings& around, const PacketSocket& worker,
                  const pkcs11::Request& request, Instant deadline, LoginOutcome& outcome) {
  COFFER_TRY(const pkcs11::Parts parts, pkcs11::encode(request));
  COFFER_CHECK(worker.send(parts.all(), deadline));
  COFFER_CHECK(await_answer(around.daemon, worker, deadline));
  Bytes room(pkcs11::kMaxPacket);
  COFFER_TRY(const std::size_t size, worker.receive(room, deadline));
  if (size == 0) return gone("end of its socket");
  COFFER_TRY(const pkcs11::Reply reply, pkcs11::decode_reply(ByteView(room).first(size)));
  if (reply.id != request.id) return gone("it answered something else");
  outcome = reply.login;
  if (reply.error) return *reply.error;
  return to_bytes(reply.body);
}

}  // namespace

Result<Bytes> ask_worker(const Surroundings& around, WorkerProcess& worker,
                         const pkcs11::Message& message, Instant deadline, LoginOutcome& outcome) {
  outcome = LoginOutcome::not_tried;
  COFFER_TRY(
      [[maybe_unused]] const Bytes greeted,
      ask(around, worker.socket(), {.id = 1, .message = pkcs11::Hello{}}, deadline, outcome));
  // From here on, until it says otherwise, the PIN may have been tried.
  outcome = LoginOutcome::unknown;
  return ask(around, worker.socket(), {.id = 2, .message = message}, deadline, outcome);
}

}  // namespace coffer::token_process
