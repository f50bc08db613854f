#include "connection.h"

#include <sys/socket.h>

#include <boost/asio/write.hpp>

#include "coffer/base/log.h"

namespace coffer::daemon {

using boost::system::error_code;

Connection::Connection(Socket socket, model::Peer peer, const Deadlines& deadlines,
                       Dispatcher& dispatcher)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      deadlines_(deadlines),
      dispatcher_(dispatcher),
      deadline_(std::chrono::steady_clock::now() + deadlines.idle) {}

void Connection::read() {
  state_ = State::reading;
  const MutableByteView space = reader_.space();
  socket_.async_read_some(boost::asio::buffer(space.data(), space.size()),
                          [self = shared_from_this()](const error_code& failed, std::size_t size) {
                            if (self->closed()) return;
                            if (failed) return self->close();
                            self->received(size);
                          });
}

void Connection::received(std::size_t size) {
  const HttpReader::State before = reader_.state();
  const auto state = reader_.received(size);
  if (!state.ok()) return refuse(state.error());
  if (*state != HttpReader::State::done) {
    if (*state != before) set_read_deadline(*state);
    return read();
  }
  state_ = State::working;
  HttpRequest message = reader_.take();
  last_ = last_ || !message.keep_alive();
  dispatcher_.dispatch(std::make_unique<Exchange>(shared_from_this(), peer_, std::move(message)));
}

void Connection::set_read_deadline(HttpReader::State state) {
  const auto allowed = state == HttpReader::State::body ? deadlines_.body : deadlines_.head;
  deadline_ = std::chrono::steady_clock::now() + allowed;
}

/// What can't be read as a message is answered, and then no more is read: after it we no longer
/// know where the next message would start.
void Connection::refuse(const Error& error) {
  last_ = true;
  auto exchange = std::make_unique<Exchange>(shared_from_this(), peer_, HttpRequest());
  exchange->message.keep_alive(false);
  exchange->fail(error);
  write(std::move(exchange));
}

void Connection::write(std::unique_ptr<Exchange> exchange) {
  if (closed()) return;
  state_ = State::writing;
  deadline_ = std::chrono::steady_clock::now() + deadlines_.write;
  sending_ = std::move(exchange->answer);
  exchange.reset();
  boost::asio::async_write(socket_, boost::asio::buffer(sending_),
                           [self = shared_from_this()](const error_code& failed, std::size_t) {
                             if (self->closed()) return;
                             if (failed) return self->close();
                             self->written();
                           });
}

void Connection::written() {
  wipe(sending_);
  if (last_) return close();
  deadline_ = std::chrono::steady_clock::now() + deadlines_.idle;
  read();
}

void Connection::enforce(Time now) {
  if (state_ != State::working && now >= deadline_) close();
}

bool Connection::peer_left() {
  if (closed()) return true;
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void Connection::drain() {
  last_ = true;
  if (state_ == State::reading) close();
}

void Connection::close() {
  if (closed()) return;
  state_ = State::closed;
  wipe(sending_);
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace coffer::daemon
