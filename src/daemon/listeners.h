// The sockets that the daemon serves, with what their connections share: limits and one sweep. On
// the I/O thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "activation.h"
#include "listener.h"

namespace coffer::daemon {

struct ListenerSet {
  std::vector<ListenerConfig> listeners;
  ConnectionLimits limits{};
};

class Listeners final {
 public:
  /// `context` and `dispatcher` outlive this.
  Listeners(boost::asio::io_context& context, Dispatcher& dispatcher);

  /// Opens all, or none. A passed socket takes the place of one that would be made at its path;
  /// precondition if the configuration has no listener there.
  [[nodiscard]] Result<void> open(const ListenerSet& wanted,
                                  const std::vector<PassedSocket>& passed = {});
  /// Changes to `wanted`, whole, or stays as it was. Connections of a listener that goes are
  /// drained; all others stay, with the deadlines that they came with.
  [[nodiscard]] Result<void> change(const ListenerSet& wanted);

  [[nodiscard]] std::size_t size() const noexcept { return listeners_.size(); }

  /// No new connections; idle ones close, busy ones after their answer.
  void drain();
  [[nodiscard]] bool empty() { return connections_.empty(); }
  void close_all();

 private:
  using Made = std::vector<std::shared_ptr<Listener>>;

  [[nodiscard]] Result<std::shared_ptr<Listener>> make(const ListenerConfig& config,
                                                       const std::vector<PassedSocket>& passed);
  [[nodiscard]] Result<Made> make_missing(const std::vector<ListenerConfig>& wanted,
                                          const std::vector<PassedSocket>& passed);
  [[nodiscard]] Result<void> change_kept(const std::vector<ListenerConfig>& wanted);
  [[nodiscard]] Listener* find(const std::string& path) const;
  void sweep();

  boost::asio::io_context& context_;
  Dispatcher& dispatcher_;
  boost::asio::steady_timer sweeper_;
  Connections connections_{{}};
  Made listeners_;
};

}  // namespace coffer::daemon
