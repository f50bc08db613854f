#include "load.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>

namespace coffer::bench {
namespace {

using std::chrono::steady_clock;

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::copy(path.begin(), path.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // Blocking sockets: a request fits the socket's buffer, and reads happen only when epoll says so.
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

struct Connection {
  int fd = -1;
  std::size_t received = 0;
  SteadyTime sent;
  std::string request;
  std::array<char, std::size_t{64} * 1024> answer;
};

class Driver final {
 public:
  Driver(const Load& load, std::size_t thread, SteadyTime begin, SteadyTime end)
      : load_(load),
        next_(load.first + thread),
        begin_(begin),
        end_(end),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    tally_.nanoseconds.reserve(std::size_t{1} << 20U);
    for (std::size_t i = thread; i < load.connections; i += load.threads) open();
  }
  ~Driver() {
    for (const auto& connection : connections_) {
      if (connection->fd >= 0) ::close(connection->fd);
    }
    ::close(epoll_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  Tally run() {
    for (const auto& connection : connections_) send(*connection);
    std::array<epoll_event, 64> events{};
    while (alive_ > 0 && steady_clock::now() < end_) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < ready; ++i) {
        receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
    }
    return std::move(tally_);
  }

 private:
  void open() {
    auto connection = std::make_unique<Connection>();
    connection->fd = connect_to(load_.socket);
    if (connection->fd < 0) {
      ++tally_.lost;
      return;
    }
    connection->request = load_.text->blank();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
    connections_.push_back(std::move(connection));
    ++alive_;
  }

  void lose(Connection& connection) {
    ++tally_.lost;
    --alive_;
    ::close(connection.fd);
    connection.fd = -1;
  }

  void send(Connection& connection) {
    if (next_ - load_.first >= load_.count) {
      --alive_;  // it has nothing more to ask
      return;
    }
    load_.text->number(connection.request, next_);
    next_ += load_.threads;
    connection.received = 0;
    connection.sent = steady_clock::now();
    const std::string& request = connection.request;
    const ssize_t sent = ::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) lose(connection);
  }

  void receive(Connection& connection) {
    auto& buffer = connection.answer;
    const ssize_t got = ::recv(connection.fd, buffer.data() + connection.received,
                               buffer.size() - connection.received, 0);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return lose(connection);
    connection.received += static_cast<std::size_t>(got);
    const std::string_view answer(buffer.data(), connection.received);
    switch (load_.scan(answer)) {
      case AnswerState::partial: return;
      case AnswerState::broken: return lose(connection);
      case AnswerState::refused: refuse(answer); break;
      case AnswerState::good: count(connection.sent); break;
    }
    send(connection);
  }

  void refuse(std::string_view answer) {
    constexpr std::size_t kMost = 600;
    if (tally_.refused++ > 0) return;
    tally_.example = answer.substr(0, kMost);
    // What a server sent goes to a terminal.
    for (char& c : tally_.example) {
      if (c < ' ' || c > '~') c = ' ';
    }
  }

  void count(SteadyTime sent) {
    const SteadyTime now = steady_clock::now();
    if (now < begin_ || now >= end_) return;
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    const std::int64_t took = std::chrono::nanoseconds(now - sent).count();
    tally_.nanoseconds.push_back(static_cast<std::uint32_t>(std::min(took, kMost)));
  }

  const Load& load_;
  std::uint64_t next_;
  SteadyTime begin_;
  SteadyTime end_;
  int epoll_;
  std::size_t alive_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
  Tally tally_;
};

}  // namespace

void Tally::add(Tally other) {
  nanoseconds.insert(nanoseconds.end(), other.nanoseconds.begin(), other.nanoseconds.end());
  refused += other.refused;
  lost += other.lost;
  if (example.empty()) example = std::move(other.example);
}

Tally drive(const Load& load, std::size_t thread, SteadyTime begin, SteadyTime end) {
  return Driver(load, thread, begin, end).run();
}

}  // namespace coffer::bench
