// One client's connection: read a message, hand it on, write the answer; one state at a time, by
// callbacks. Everything here runs on the I/O thread.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "coffer/faces/vault/face.h"
#include "connection_limits.h"
#include "exchange.h"
#include "http_reader.h"

namespace coffer::daemon {

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Time = std::chrono::steady_clock::time_point;

  Connection(Socket socket, model::Peer peer, const Deadlines& deadlines, Dispatcher& dispatcher);

  void start() { read(); }
  /// The answer to what was dispatched.
  void write(std::unique_ptr<Exchange> exchange);
  /// Closes when `now` is past the deadline of the present state.
  void enforce(Time now);
  /// Closes at once if nothing is under way, else after the answer.
  void drain();
  void close();

  /// Whether the other end has closed, while an answer is being worked on. What it may have sent
  /// meanwhile stays to be read.
  [[nodiscard]] bool peer_left();
  [[nodiscard]] bool closed() const noexcept { return state_ == State::closed; }
  [[nodiscard]] uid_t uid() const noexcept { return peer_.uid; }

 private:
  enum class State : std::uint8_t { reading, working, writing, closed };

  void read();
  void received(std::size_t size);
  void refuse(const Error& error);
  void written();
  void set_read_deadline(HttpReader::State before);

  Socket socket_;
  const model::Peer peer_;
  const Deadlines deadlines_;
  Dispatcher& dispatcher_;
  HttpReader reader_;
  State state_ = State::reading;
  Time deadline_;
  bool last_ = false;    ///< close after the answer that is under way
  std::string sending_;  ///< secret: an answer
};

/// The status line and headers of every answer, and then the body (not for `head`).
[[nodiscard]] std::string http_answer(int status, std::string_view body, bool head, bool close,
                                      std::string_view content_type = faces::vault::kContentType);

}  // namespace coffer::daemon
