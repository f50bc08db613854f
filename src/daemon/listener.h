// One Unix socket: accepts, and asks the kernel who connected. On the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>

#include "connections.h"

namespace coffer::daemon {

class Listener final : public std::enable_shared_from_this<Listener> {
 public:
  /// All outlive the listener, but `config`.
  Listener(boost::asio::io_context& context, ListenerConfig config, Connections& connections,
           Dispatcher& dispatcher);

  /// Makes the socket: people can connect, and wait until start().
  [[nodiscard]] Result<void> open();
  /// Takes one that the service manager made; its file is the manager's to remove.
  [[nodiscard]] Result<void> adopt(int fd);
  void start() { accept(); }

  /// Another mode or group, or another number of connections; the path stays.
  [[nodiscard]] Result<void> change(ListenerConfig config);
  [[nodiscard]] const ListenerConfig& config() const noexcept { return config_; }

  /// After accept() failed for want of descriptors; called by the sweep.
  void resume();
  /// No new connections; idle ones close, busy ones after their answer.
  void drain();

 private:
  using Protocol = boost::asio::local::stream_protocol;

  [[nodiscard]] Result<void> assign(int fd);
  void accept();
  void admit(Protocol::socket socket);

  ListenerConfig config_;
  Connections& connections_;
  const Connections::Gate gate_;
  Dispatcher& dispatcher_;
  Protocol::acceptor acceptor_;
  bool adopted_ = false;
  bool accept_paused_ = false;
};

}  // namespace coffer::daemon
