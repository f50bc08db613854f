#include "listener.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "coffer/base/log.h"
#include "peer.h"

namespace coffer::daemon {
namespace {

constexpr std::chrono::milliseconds kSweepInterval{250};
/// What the kernel reports for a uid that has no mapping here (user_namespaces(7)): anyone.
constexpr uid_t kOverflowUid = 65534;

}  // namespace

using boost::system::error_code;

Listener::Listener(boost::asio::io_context& context, ListenerConfig config, Dispatcher& dispatcher)
    : config_(std::move(config)), dispatcher_(dispatcher), acceptor_(context), sweeper_(context) {}

Result<void> Listener::open() {
  COFFER_CHECK(bind_socket());
  accept();
  sweep();
  return {};
}

Result<void> Listener::bind_socket() {
  if (config_.path.size() >= sizeof(sockaddr_un::sun_path)) {
    return make_error(ErrorCode::invalid_argument,
                      "path of the socket is longer than 107 bytes: " + config_.path);
  }
  struct stat about {};
  if (lstat(config_.path.c_str(), &about) == 0) {
    if (!S_ISSOCK(about.st_mode)) {
      return make_error(ErrorCode::precondition, "not a socket, so left alone: " + config_.path);
    }
    unlink(config_.path.c_str());
  }
  error_code failed;
  const Protocol::endpoint endpoint(config_.path);
  acceptor_.open(endpoint.protocol(), failed);
  // Born with no rights for anyone else (umask), then widened to what is configured.
  if (!failed) acceptor_.bind(endpoint, failed);
  if (!failed && chmod(config_.path.c_str(), config_.mode) != 0) {
    failed.assign(errno, boost::system::system_category());
  }
  if (!failed) acceptor_.listen(static_cast<int>(config_.max_connections), failed);
  if (failed) {
    return make_error(ErrorCode::unavailable, "cannot listen on " + config_.path, failed.message());
  }
  return {};
}

void Listener::accept() {
  acceptor_.async_accept([this](const error_code& failed, Protocol::socket socket) {
    if (failed == boost::asio::error::operation_aborted) return;
    if (failed) {
      // Out of descriptors, mostly: trying again at once would spin. The sweep does.
      log::warn("cannot accept a connection: " + failed.message());
      accept_paused_ = true;
      return;
    }
    admit(std::move(socket));
    accept();
  });
}

void Listener::admit(Protocol::socket socket) {
  auto peer = peer_of(socket.native_handle());
  if (!peer.ok()) return log::error(peer.error());
  if (peer->uid == kOverflowUid) return;
  if (!has_room(peer->uid)) {
    const std::string busy =
        http_answer(503, R"({"errors":["too many connections"]})", false, true);
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(boost::asio::buffer(busy), ignored);
    return;
  }
  ++by_uid_[peer->uid];
  connections_.push_back(std::make_shared<Connection>(std::move(socket), std::move(*peer),
                                                      config_.deadlines, dispatcher_));
  connections_.back()->start();
}

bool Listener::has_room(uid_t uid) {
  const auto full = [&] {
    return connections_.size() >= config_.max_connections || by_uid_[uid] >= config_.max_per_uid;
  };
  // Closed ones are forgotten only by the sweep: look again before turning anyone away.
  if (full()) forget_closed();
  return !full();
}

void Listener::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& connection : connections_) connection->enforce(now);
  forget_closed();
  if (std::exchange(accept_paused_, false)) accept();
  sweeper_.expires_after(kSweepInterval);
  sweeper_.async_wait([this](const error_code& failed) {
    if (!failed) sweep();
  });
}

void Listener::forget_closed() {
  connections_.remove_if([this](const std::shared_ptr<Connection>& connection) {
    if (!connection->closed()) return false;
    const auto count = by_uid_.find(connection->uid());
    if (--count->second == 0) by_uid_.erase(count);
    return true;
  });
}

void Listener::drain() {
  error_code ignored;
  acceptor_.close(ignored);
  unlink(config_.path.c_str());
  for (const auto& connection : connections_) connection->drain();
}

bool Listener::empty() {
  forget_closed();
  return connections_.empty();
}

void Listener::close_all() {
  for (const auto& connection : connections_) connection->close();
  forget_closed();
  sweeper_.cancel();
}

}  // namespace coffer::daemon
