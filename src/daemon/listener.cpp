#include "listener.h"

#include <fcntl.h>
#include <unistd.h>

#include "coffer/base/log.h"
#include "peer.h"
#include "socket_file.h"

namespace coffer::daemon {
namespace {

/// What the kernel reports for a uid that has no mapping here (user_namespaces(7)): anyone.
constexpr uid_t kOverflowUid = 65534;

}  // namespace

using boost::system::error_code;

Listener::Listener(boost::asio::io_context& context, ListenerConfig config,
                   Connections& connections, Dispatcher& dispatcher)
    : config_(std::move(config)),
      connections_(connections),
      gate_(connections.new_gate()),
      dispatcher_(dispatcher),
      acceptor_(context) {}

Result<void> Listener::open() {
  COFFER_TRY(const int fd, listen_at(config_));
  return assign(fd);
}

Result<void> Listener::adopt(int fd) {
  adopted_ = true;
  COFFER_CHECK(check_access(config_));
  return assign(fd);
}

Result<void> Listener::assign(int fd) {
  error_code failed;
  acceptor_.assign(Protocol(), fd, failed);
  if (!failed) acceptor_.non_blocking(true, failed);
  if (failed) {
    close(fd);
    return make_error(ErrorCode::unavailable, "cannot listen on " + config_.path, failed.message());
  }
  return {};
}

Result<void> Listener::change(ListenerConfig config) {
  if (config.mode != config_.mode || config.group != config_.group) {
    auto given = adopted_ ? check_access(config) : give_access(config);
    if (!given.ok()) {
      // It may have got half of it.
      if (!adopted_) static_cast<void>(give_access(config_));
      return given;
    }
  }
  config_ = std::move(config);
  return {};
}

void Listener::accept() {
  // It keeps itself: a connection may be on its way in while a reload drops the listener.
  acceptor_.async_accept(
      [self = shared_from_this()](const error_code& failed, Protocol::socket socket) {
        if (failed == boost::asio::error::operation_aborted || !self->acceptor_.is_open()) return;
        if (failed) {
          // Out of descriptors, mostly: trying again at once would spin. The sweep does.
          log::warn("cannot accept a connection: " + failed.message());
          self->accept_paused_ = true;
          return;
        }
        self->admit(std::move(socket));
        self->accept();
      });
}

void Listener::admit(Protocol::socket socket) {
  auto peer = peer_of(socket.native_handle());
  if (!peer.ok()) return log::error(peer.error());
  if (peer->uid == kOverflowUid) return;
  if (connections_.has_room(peer->uid, gate_, config_.max_connections)) {
    return connections_.add(std::move(socket), std::move(*peer), gate_, dispatcher_);
  }
  const std::string busy = http_answer(503, R"({"errors":["too many connections"]})", false, true);
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(busy), ignored);
}

void Listener::resume() {
  if (std::exchange(accept_paused_, false)) accept();
}

void Listener::drain() {
  error_code ignored;
  acceptor_.close(ignored);
  if (!adopted_) unlink(config_.path.c_str());
  connections_.drain(gate_);
}

}  // namespace coffer::daemon
