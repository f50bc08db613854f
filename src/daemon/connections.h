// All connections of all sockets, and what they may take together. On the I/O thread.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "connection.h"

namespace coffer::daemon {

class Connections final {
 public:
  using Gate = std::uint64_t;  ///< which listener let a connection in

  explicit Connections(const ConnectionLimits& limits) : limits_(limits) {}

  [[nodiscard]] Gate new_gate() { return ++last_gate_; }

  /// For those that come from now on.
  void set_limits(const ConnectionLimits& limits) { limits_ = limits; }

  /// Whether one more of this user may come in by this gate, where `most` may be at once.
  [[nodiscard]] bool has_room(uid_t uid, Gate gate, std::size_t most);
  void add(Connection::Socket socket, model::Peer peer, Gate gate, Dispatcher& dispatcher);

  /// Cuts those past their deadline and forgets the closed.
  void sweep();
  /// Idle ones close, busy ones after their answer; of one gate, or all.
  void drain(Gate gate);
  void drain();
  [[nodiscard]] bool empty();
  void close_all();

 private:
  struct Entry {
    std::shared_ptr<Connection> connection;
    Gate gate;
  };

  [[nodiscard]] bool full(uid_t uid, Gate gate, std::size_t most) const;
  void forget_closed();

  ConnectionLimits limits_;
  Gate last_gate_ = 0;
  std::list<Entry> entries_;
  std::map<uid_t, std::size_t> by_uid_;
  std::map<Gate, std::size_t> by_gate_;
};

}  // namespace coffer::daemon
