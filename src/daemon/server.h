// The running daemon: one I/O thread, workers, the Door. Stops when it is told to, and takes
// another configuration when it is told to.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "coffer/core/door.h"
#include "coffer/core/lease_ender.h"
#include "coffer/core/sweeper.h"
#include "listeners.h"
#include "parked.h"
#include "reload.h"
#include "strangers.h"
#include "vault.h"
#include "workers.h"

namespace coffer::daemon {

struct ServerConfig {
  ListenerSet sockets;
  std::size_t workers = 2;
  std::size_t queue = 256;             ///< requests that wait for a worker
  std::size_t slow_workers = 16;       ///< for paths that wait for something outside
  std::size_t slow_queue = 64;         ///< requests that wait for one of these
  std::vector<PassedSocket> passed{};  ///< from the service manager
  /// What SIGHUP reads; empty: SIGHUP does what it does to any process.
  std::function<LoadedConfig()> load{};
  Config started{};  ///< what a reload compares with
};

class Server final : private Dispatcher, private core::ReplySink {
 public:
  /// The vault and the clock outlive the server.
  Server(Vault& vault, ServerConfig config, const Clock& clock);
  ~Server() override;

  /// Serves on this thread until SIGTERM or SIGINT; then finishes what is under way, for at most
  /// ten seconds.
  [[nodiscard]] Result<void> run();

 private:
  void dispatch(std::unique_ptr<Exchange> exchange) override;
  void release(std::vector<std::unique_ptr<core::Reply>> replies) override;
  void run_again(std::unique_ptr<core::Reply> reply) override;
  void committed(std::span<const store::Transaction> transactions) override;
  void record_store();

  void work(std::unique_ptr<Exchange> exchange, engine::Lane here);
  [[nodiscard]] static bool waits(const core::Staged& staged);
  void park(std::unique_ptr<Exchange> exchange, const model::Response& response);
  void wake(std::vector<std::unique_ptr<Exchange>> exchanges);
  void end_waits(std::vector<std::unique_ptr<Exchange>> exchanges);
  void sweep_parked();
  void answer_later(std::unique_ptr<Exchange> exchange);
  void submit(std::unique_ptr<Exchange> exchange);
  void answer(std::unique_ptr<Exchange> exchange);
  void answer_strangers();
  void stop();
  void wait_until_drained(int rounds_left);
  void sweep_data_keys();
  void start_reloading();
  void await_hangup();
  void reload_applied(const Config& next);
  void start_watchdog();
  void feed_watchdog(std::chrono::microseconds timeout);
  [[nodiscard]] std::string status() const;

  Vault& vault_;
  const ServerConfig config_;
  const Clock& clock_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_;
  boost::asio::signal_set hangup_;
  boost::asio::steady_timer key_timer_;
  boost::asio::steady_timer watchdog_timer_;
  boost::asio::steady_timer park_timer_;
  boost::asio::steady_timer stranger_timer_;
  Strangers strangers_;  ///< of the I/O thread
  Listeners listeners_;
  Parked parked_;
  std::unique_ptr<core::Door> door_;
  std::unique_ptr<core::Sweeper> sweeper_;
  std::unique_ptr<core::LeaseEnder> ender_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Workers> slow_workers_;
  std::unique_ptr<Reload> reload_;
  bool stopping_ = false;
};

}  // namespace coffer::daemon
