#include "listeners.h"

#include <algorithm>

#include "coffer/base/log.h"

namespace coffer::daemon {
namespace {

constexpr std::chrono::milliseconds kSweepInterval{250};

bool has_path(const std::vector<ListenerConfig>& listeners, const std::string& path) {
  return std::any_of(listeners.begin(), listeners.end(),
                     [&](const ListenerConfig& listener) { return listener.path == path; });
}

}  // namespace

Listeners::Listeners(boost::asio::io_context& context, Dispatcher& dispatcher)
    : context_(context), dispatcher_(dispatcher), sweeper_(context) {}

Result<void> Listeners::open(const ListenerSet& wanted, const std::vector<PassedSocket>& passed) {
  for (const PassedSocket& socket : passed) {
    if (has_path(wanted.listeners, socket.path)) continue;
    return make_error(ErrorCode::precondition,
                      "a socket was passed that is no listener's: " + socket.path);
  }
  connections_.set_limits(wanted.limits);
  COFFER_TRY(listeners_, make_missing(wanted.listeners, passed));
  for (const auto& listener : listeners_) listener->start();
  sweep();
  return {};
}

Result<std::shared_ptr<Listener>> Listeners::make(const ListenerConfig& config,
                                                  const std::vector<PassedSocket>& passed) {
  auto listener = std::make_shared<Listener>(context_, config, connections_, dispatcher_);
  const auto given = std::find_if(passed.begin(), passed.end(), [&](const PassedSocket& socket) {
    return socket.path == config.path;
  });
  COFFER_CHECK(given != passed.end() ? listener->adopt(given->fd) : listener->open());
  return listener;
}

Result<Listeners::Made> Listeners::make_missing(const std::vector<ListenerConfig>& wanted,
                                                const std::vector<PassedSocket>& passed) {
  Made made;
  for (const ListenerConfig& config : wanted) {
    if (find(config.path) != nullptr) continue;
    auto listener = make(config, passed);
    if (!listener.ok()) {
      for (const auto& opened : made) opened->drain();
      return listener.error();
    }
    made.push_back(*std::move(listener));
  }
  return made;
}

Result<void> Listeners::change(const ListenerSet& wanted) {
  COFFER_TRY(const Made made, make_missing(wanted.listeners, {}));
  if (const auto changed = change_kept(wanted.listeners); !changed.ok()) {
    for (const auto& opened : made) opened->drain();
    return changed;
  }
  // Nothing can fail from here on.
  std::erase_if(listeners_, [&](const std::shared_ptr<Listener>& listener) {
    if (has_path(wanted.listeners, listener->config().path)) return false;
    listener->drain();
    return true;
  });
  for (const auto& listener : made) listener->start();
  listeners_.insert(listeners_.end(), made.begin(), made.end());
  connections_.set_limits(wanted.limits);
  return {};
}

Result<void> Listeners::change_kept(const std::vector<ListenerConfig>& wanted) {
  std::vector<ListenerConfig> before;
  for (const ListenerConfig& config : wanted) {
    Listener* const listener = find(config.path);
    if (listener == nullptr) continue;
    before.push_back(listener->config());
    const auto changed = listener->change(config);
    if (changed.ok()) continue;
    for (const ListenerConfig& old : before) {
      const auto restored = find(old.path)->change(old);
      if (!restored.ok()) log::error(restored.error());
    }
    return changed;
  }
  return {};
}

Listener* Listeners::find(const std::string& path) const {
  const auto found = std::find_if(
      listeners_.begin(), listeners_.end(),
      [&](const std::shared_ptr<Listener>& listener) { return listener->config().path == path; });
  return found == listeners_.end() ? nullptr : found->get();
}

void Listeners::sweep() {
  connections_.sweep();
  for (const auto& listener : listeners_) listener->resume();
  sweeper_.expires_after(kSweepInterval);
  sweeper_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) sweep();
  });
}

void Listeners::drain() {
  for (const auto& listener : listeners_) listener->drain();
  listeners_.clear();
  connections_.drain();
}

void Listeners::close_all() {
  connections_.close_all();
  sweeper_.cancel();
}

}  // namespace coffer::daemon
