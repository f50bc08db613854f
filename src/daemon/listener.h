// The Unix socket: accepts, asks the kernel who connected, keeps the connections and their limits.
// Everything here runs on the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "connection.h"

namespace coffer::daemon {

struct ListenerConfig {
  std::string path;
  mode_t mode = 0600;
  std::size_t max_connections = 1024;
  std::size_t max_per_uid = 256;
  Deadlines deadlines{};
};

class Listener final {
 public:
  /// `context` and `dispatcher` outlive the listener.
  Listener(boost::asio::io_context& context, ListenerConfig config, Dispatcher& dispatcher);

  /// Binds and starts to accept. The caller holds the vault's lock, so a socket that is there
  /// already is a dead daemon's and goes; anything else at that path is refused.
  [[nodiscard]] Result<void> open();

  /// No new connections; idle ones close, busy ones after their answer.
  void drain();
  [[nodiscard]] bool empty();
  void close_all();

 private:
  using Protocol = boost::asio::local::stream_protocol;

  [[nodiscard]] Result<void> bind_socket();
  void accept();
  void admit(Protocol::socket socket);
  [[nodiscard]] bool has_room(uid_t uid);
  void sweep();
  void forget_closed();

  const ListenerConfig config_;
  Dispatcher& dispatcher_;
  Protocol::acceptor acceptor_;
  boost::asio::steady_timer sweeper_;
  std::list<std::shared_ptr<Connection>> connections_;
  std::map<uid_t, std::size_t> by_uid_;
  bool accept_paused_ = false;
};

}  // namespace coffer::daemon
