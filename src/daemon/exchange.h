// One request on its way through the daemon, and the bytes that answer it. Owned by one place at a
// time: connection, worker, Door, connection.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "coffer/core/door.h"
#include "coffer/model/peer.h"
#include "http_reader.h"

namespace coffer::daemon {

class Connection;

struct Exchange final : public core::Reply {
  Exchange(std::shared_ptr<Connection> from, const model::Peer& by, HttpRequest received)
      : connection(std::move(from)), peer(by), message(std::move(received)) {}

  /// Renders the error over whatever was rendered before.
  void fail(const Error& error) override;

  std::shared_ptr<Connection> connection;  ///< null in the fuzzers
  const model::Peer& peer;                 ///< the connection's
  HttpRequest message;
  std::optional<model::Request> request;  ///< once the face has understood the message
  bool stranger = false;                  ///< nobody we know asked: strangers.h
  bool slow = false;                      ///< it belongs to the workers of the slow lane
  int runs = 0;                           ///< how often the pipeline has run it
  bool request_logged = false;            ///< its request line is in the log already
  /// Until when it waits for a change; once it has been found to wait for one.
  std::optional<std::chrono::steady_clock::time_point> wait_until{};
  std::string answer;  ///< head and body, ready to write
};

/// Who takes a message from a connection. Called on the I/O thread; must not block.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  virtual void dispatch(std::unique_ptr<Exchange> exchange) = 0;
};

}  // namespace coffer::daemon
