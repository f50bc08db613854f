#include "server.h"

#include <boost/asio/post.hpp>
#include <csignal>

#include "coffer/base/log.h"
#include "front_end.h"
#include "notify.h"
#include "store_doubts.h"

namespace coffer::daemon {
namespace {

constexpr std::chrono::milliseconds kDrainRound{50};
constexpr std::chrono::milliseconds kStrangerRound{20};
constexpr std::chrono::seconds kKeySweep{1};
constexpr std::chrono::milliseconds kParkSweep{250};
constexpr int kDrainRounds = 180;  // nine seconds of the ten

std::unique_ptr<Exchange> as_exchange(std::unique_ptr<core::Reply> reply) {
  return std::unique_ptr<Exchange>(static_cast<Exchange*>(reply.release()));
}

}  // namespace

Server::Server(Vault& vault, ServerConfig config, const Clock& clock)
    : vault_(vault),
      config_(std::move(config)),
      clock_(clock),
      signals_(context_, SIGTERM, SIGINT),
      drain_timer_(context_),
      hangup_(context_),
      key_timer_(context_),
      watchdog_timer_(context_),
      park_timer_(context_),
      stranger_timer_(context_),
      listeners_(context_, *this) {}

Server::~Server() = default;

Result<void> Server::run() {
  COFFER_CHECK(listeners_.open(config_.sockets, config_.passed));
  core::ReplySink& sink = *this;  // private, so make_unique could not convert
  door_ = std::make_unique<core::Door>(vault_.log(), vault_.trail(), vault_.store(), vault_.state(),
                                       sink);
  vault_.backups().serve([this](std::string_view event, const std::string& detail) {
    door_->record(vault_.trail().system_line(event, detail));
  });
  sweeper_ = std::make_unique<core::Sweeper>(vault_.state(), vault_.store(), *door_,
                                             vault_.time()->effective());
  ender_ = std::make_unique<core::LeaseEnder>(vault_.state(), *door_, vault_.time()->latest());
  workers_ = std::make_unique<Workers>(config_.workers + 1,  // one of them may attend to the Door
                                       config_.queue, [this](std::unique_ptr<Exchange> exchange) {
                                         work(std::move(exchange), engine::Lane::fast);
                                       });
  slow_workers_ = std::make_unique<Workers>(config_.slow_workers, config_.slow_queue,
                                            [this](std::unique_ptr<Exchange> exchange) {
                                              work(std::move(exchange), engine::Lane::slow);
                                            });
  signals_.async_wait([this](const boost::system::error_code& failed, int) {
    if (!failed) stop();
  });
  sweep_data_keys();
  sweep_parked();
  start_reloading();
  start_watchdog();
  vault_.watch_rows();
  log::info("ready");
  notify_ready(status());
  context_.run();
  reload_.reset();
  // In the order of a request, so that what one stage holds can still pass the next.
  workers_->stop();
  slow_workers_->stop();
  vault_.backups().stop();
  ender_.reset();
  sweeper_.reset();
  door_.reset();
  listeners_.close_all();
  return {};
}

void Server::dispatch(std::unique_ptr<Exchange> exchange) { submit(std::move(exchange)); }

void Server::submit(std::unique_ptr<Exchange> exchange) {
  // Which lane a request belongs to is known once it was read, by the first worker that had it.
  Workers& workers = exchange->slow ? *slow_workers_ : *workers_;
  if (workers.submit(exchange)) return;
  if (exchange->wait_until) parked_.forget(*exchange);
  exchange->fail(make_error(ErrorCode::resource_exhausted, "too many requests at once"));
  answer_later(std::move(exchange));
}

/// On a worker. The one catch of its thread: what a room's library throws stays in the room; only
/// bad_alloc can come this far, and it costs the request, not the daemon.
void Server::work(std::unique_ptr<Exchange> exchange, engine::Lane here) {
  std::optional<core::Staged> staged;
  try {
    staged = serve(*exchange, vault_.pipeline(), vault_.time()->latest(), here);
  } catch (const std::bad_alloc&) {
    exchange->fail(make_error(ErrorCode::resource_exhausted, "out of memory"));
  }
  if (!staged && exchange->slow && here == engine::Lane::fast) return submit(std::move(exchange));
  if (staged && waits(*staged)) return park(std::move(exchange), *staged->response);
  if (exchange->wait_until) parked_.forget(*exchange);
  if (!staged) return answer_later(std::move(exchange));
  door_->finish(*std::move(staged), std::move(exchange));
}

bool Server::waits(const core::Staged& staged) {
  return staged.response.ok() && !staged.response->until_changed.empty();
}

/// What was staged is let go: it wrote nothing and told nothing. The request is on record once it
/// is answered.
void Server::park(std::unique_ptr<Exchange> exchange, const model::Response& response) {
  if (!exchange->wait_until) {
    exchange->wait_until = std::chrono::steady_clock::now() + response.wait;
  }
  switch (parked_.park(response.until_changed, *exchange->wait_until, exchange)) {
    case Parked::Place::kept: return;
    case Parked::Place::again: return submit(std::move(exchange));
    case Parked::Place::closed: break;
    case Parked::Place::full:
      exchange->fail(make_error(ErrorCode::resource_exhausted, "too many requests wait at once"));
      return answer_later(std::move(exchange));
  }
  std::vector<std::unique_ptr<Exchange>> one;
  one.push_back(std::move(exchange));
  end_waits(std::move(one));
}

/// From the start, as of now: who may no longer read it learns nothing.
void Server::wake(std::vector<std::unique_ptr<Exchange>> exchanges) {
  for (auto& exchange : exchanges) {
    exchange->request->time = clock_.wall();
    exchange->runs = 0;
    submit(std::move(exchange));
  }
}

/// They are answered with what there is.
void Server::end_waits(std::vector<std::unique_ptr<Exchange>> exchanges) {
  for (auto& exchange : exchanges) exchange->request->fields.remove("wait");
  wake(std::move(exchanges));
}

/// On the thread that attends to the Door.
void Server::committed(std::span<const store::Transaction> transactions) {
  record_store();
  wake(parked_.woken_by(transactions));
}

/// With the answers of the batch, so that no answer tells of a commit that the log doesn't know.
void Server::record_store() {
  const auto open = vault_.state().unsealed();
  if (open == nullptr || open->row_sums == nullptr) return;
  const auto state = open->row_sums->state();
  if (state.ok()) door_->record(audit::store_line(as_line(*state), clock_.wall()));
}

void Server::sweep_parked() {
  if (parked_.size() > 0) {
    for (const auto& exchange : parked_.gone()) exchange->connection->close();
    end_waits(parked_.late(std::chrono::steady_clock::now()));
    if (vault_.state().unsealed() == nullptr) end_waits(parked_.all());
  }
  park_timer_.expires_after(kParkSweep);
  park_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) sweep_parked();
  });
}

void Server::answer_later(std::unique_ptr<Exchange> exchange) {
  boost::asio::post(
      context_, [this, exchange = std::move(exchange)]() mutable { answer(std::move(exchange)); });
}

/// On the I/O thread.
void Server::answer(std::unique_ptr<Exchange> exchange) {
  if (exchange->stranger) {
    const bool watching = !strangers_.empty();
    exchange = strangers_.admit(std::move(exchange), std::chrono::steady_clock::now());
    if (exchange == nullptr) {
      if (!watching) answer_strangers();
      return;
    }
  }
  const auto connection = exchange->connection;
  connection->write(std::move(exchange));
}

void Server::answer_strangers() {
  for (auto& exchange : strangers_.due(std::chrono::steady_clock::now())) {
    const auto connection = exchange->connection;
    connection->write(std::move(exchange));
  }
  if (strangers_.empty()) return;
  stranger_timer_.expires_after(kStrangerRound);
  stranger_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) answer_strangers();
  });
}

/// On the thread that attends to the Door: one post for the whole batch.
void Server::release(std::vector<std::unique_ptr<core::Reply>> replies) {
  boost::asio::post(context_, [this, replies = std::move(replies)]() mutable {
    for (auto& reply : replies) answer(as_exchange(std::move(reply)));
  });
}

void Server::run_again(std::unique_ptr<core::Reply> reply) {
  auto exchange = as_exchange(std::move(reply));
  exchange->request_logged = true;
  submit(std::move(exchange));
}

/// Data keys go when their time is up, traffic or none.
void Server::sweep_data_keys() {
  if (const auto open = vault_.state().unsealed()) open->sealed_store->sweep_cache();
  key_timer_.expires_after(kKeySweep);
  key_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) sweep_data_keys();
  });
}

void Server::start_reloading() {
  if (!config_.load) return;
  ReloadTarget target{.apply = [this](const Config& next) -> Result<void> {
                        if (stopping_)
                          return make_error(ErrorCode::precondition, "cofferd is stopping");
                        return listeners_.change({next.listeners, next.limits.connections});
                      },
                      .adopt = [this](const Config& next) { reload_applied(next); },
                      .record =
                          [this](std::string_view event, const std::string& detail) {
                            door_->record(vault_.trail().system_line(event, detail));
                            if (!stopping_) notify_ready(status());
                          }};
  reload_ = std::make_unique<Reload>(context_, config_.started, config_.load, std::move(target));
  boost::system::error_code failed;
  hangup_.add(SIGHUP, failed);
  if (failed) return log::warn("SIGHUP won't be heard: " + failed.message());
  await_hangup();
}

void Server::await_hangup() {
  hangup_.async_wait([this](const boost::system::error_code& failed, int) {
    if (failed) return;
    notify_reloading();
    reload_->request();
    await_hangup();
  });
}

void Server::reload_applied(const Config& next) {
  log::set_level(next.log_level);
  vault_.set_cache(
      {.entries = config_.started.vault.cache_entries, .max_age = next.vault.cache_age});
  vault_.set_cache_grace(next.vault.cache_grace);
}

std::string Server::status() const {
  return "serving on " + std::to_string(listeners_.size()) +
         (listeners_.size() == 1 ? " socket" : " sockets");
}

void Server::start_watchdog() {
  if (const auto timeout = watchdog_timeout()) feed_watchdog(*timeout);
}

/// A sign of life from this thread, and only while the Door comes round too: a daemon that takes
/// connections but can finish nothing is dead. Workers don't count: a token may hang for long.
void Server::feed_watchdog(std::chrono::microseconds timeout) {
  const auto since = system_clock().boottime() - door_->last_round();
  if (since < timeout) notify_watchdog();
  watchdog_timer_.expires_after(timeout / 2);
  watchdog_timer_.async_wait([this, timeout](const boost::system::error_code& failed) {
    if (!failed) feed_watchdog(timeout);
  });
}

void Server::stop() {
  log::info("stopping");
  notify_stopping();
  stopping_ = true;
  parked_.close();
  end_waits(parked_.all());
  listeners_.drain();
  wait_until_drained(kDrainRounds);
}

void Server::wait_until_drained(int rounds_left) {
  if (listeners_.empty() || rounds_left == 0) {
    context_.stop();
    return;
  }
  drain_timer_.expires_after(kDrainRound);
  drain_timer_.async_wait([this, rounds_left](const boost::system::error_code& failed) {
    if (!failed) wait_until_drained(rounds_left - 1);
  });
}

}  // namespace coffer::daemon
