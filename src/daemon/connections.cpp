#include "connections.h"

namespace coffer::daemon {
namespace {

template <typename Key>
std::size_t count_of(const std::map<Key, std::size_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

template <typename Key>
void count_down(std::map<Key, std::size_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  if (--found->second == 0) counts.erase(found);
}

}  // namespace

bool Connections::full(uid_t uid, Gate gate, std::size_t most) const {
  return entries_.size() >= limits_.max_connections ||
         count_of(by_uid_, uid) >= limits_.max_per_uid || count_of(by_gate_, gate) >= most;
}

bool Connections::has_room(uid_t uid, Gate gate, std::size_t most) {
  // Closed ones are forgotten only by the sweep: look again before turning anyone away.
  if (full(uid, gate, most)) forget_closed();
  return !full(uid, gate, most);
}

void Connections::add(Connection::Socket socket, model::Peer peer, Gate gate,
                      Dispatcher& dispatcher) {
  ++by_uid_[peer.uid];
  ++by_gate_[gate];
  entries_.push_back({std::make_shared<Connection>(std::move(socket), std::move(peer),
                                                   limits_.deadlines, dispatcher),
                      gate});
  entries_.back().connection->start();
}

void Connections::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (const Entry& entry : entries_) entry.connection->enforce(now);
  forget_closed();
}

void Connections::forget_closed() {
  entries_.remove_if([this](const Entry& entry) {
    if (!entry.connection->closed()) return false;
    count_down(by_uid_, entry.connection->uid());
    count_down(by_gate_, entry.gate);
    return true;
  });
}

void Connections::drain(Gate gate) {
  for (const Entry& entry : entries_) {
    if (entry.gate == gate) entry.connection->drain();
  }
}

void Connections::drain() {
  for (const Entry& entry : entries_) entry.connection->drain();
}

bool Connections::empty() {
  forget_closed();
  return entries_.empty();
}

void Connections::close_all() {
  for (const Entry& entry : entries_) entry.connection->close();
  forget_closed();
}

}  // namespace coffer::daemon
