// The socket's limits, with real sockets and short deadlines.
#include "src/daemon/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

namespace coffer::daemon {
namespace {

using Clock = std::chrono::steady_clock;

/// Answers everything at once with 204.
class Answerer final : public Dispatcher {
 public:
  void dispatch(std::unique_ptr<Exchange> exchange) override {
    exchange->answer = http_answer(204, {}, false, !exchange->message.keep_alive());
    const auto connection = exchange->connection;
    connection->write(std::move(exchange));
  }
};

class Socket final {
 public:
  explicit Socket(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// What comes in one piece; empty: closed.
  std::string receive() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
  }

 private:
  int fd_;
  bool connected_ = false;
};

class ListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coffer-listener-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    config_.path = directory_ + "/s";
    config_.deadlines = {std::chrono::seconds(2), std::chrono::seconds(1), std::chrono::seconds(1),
                         std::chrono::seconds(1)};
  }
  void TearDown() override {
    if (thread_.joinable()) {
      boost::asio::post(context_, [this] {
        listener_->drain();
        listener_->close_all();
        context_.stop();
      });
      thread_.join();
    }
    unlink(config_.path.c_str());
    rmdir(directory_.c_str());
  }
  void start() {
    listener_ = std::make_unique<Listener>(context_, config_, answerer_);
    const auto opened = listener_->open();
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    thread_ = std::thread([this] { context_.run(); });
  }
  /// Seconds until the daemon closes the connection.
  static double closed_after(const Socket& socket) {
    const auto start = Clock::now();
    EXPECT_EQ(socket.receive(), "");
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  std::string directory_;
  ListenerConfig config_;
  Answerer answerer_;
  boost::asio::io_context context_{1};
  std::unique_ptr<Listener> listener_;
  std::thread thread_;
};

constexpr std::string_view kGet = "GET /v1/sys/health HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(ListenerTest, AnswersAndKeepsTheConnection) {
  start();
  const Socket client(config_.path);
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 204"));
  }
}

TEST_F(ListenerTest, ClosesWhenTheClientAsksForIt) {
  start();
  const Socket client(config_.path);
  client.send("GET /v1/sys/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(client.receive().find("Connection: close"), std::string::npos);
  EXPECT_EQ(client.receive(), "");
}

TEST_F(ListenerTest, CutsIdleConnections) {
  start();
  const Socket client(config_.path);
  EXPECT_GT(closed_after(client), 1.5);
}

TEST_F(ListenerTest, CutsSlowHeadsHoweverBusyTheyLook) {
  start();
  const Socket client(config_.path);
  const auto begun = Clock::now();
  std::thread dripping([&] {
    for (int i = 0; i < 8; ++i) {
      client.send("G");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  dripping.join();
  closed_after(client);
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(8));
}

TEST_F(ListenerTest, CutsSlowBodies) {
  start();
  const Socket client(config_.path);
  client.send("PUT /v1/a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
  EXPECT_GT(closed_after(client), 0.5);
}

TEST_F(ListenerTest, BoundsConnectionsOfOneUid) {
  config_.max_per_uid = 2;
  start();
  const Socket first(config_.path);
  const Socket second(config_.path);
  first.send(kGet);
  second.send(kGet);
  EXPECT_FALSE(first.receive().empty());
  EXPECT_FALSE(second.receive().empty());
  const Socket third(config_.path);
  EXPECT_NE(third.receive().find("too many connections"), std::string::npos);
}

TEST_F(ListenerTest, GivesTheRoomOfClosedConnectionsAway) {
  config_.max_connections = 1;
  start();
  for (int i = 0; i < 5; ++i) {
    const Socket client(config_.path);
    client.send("GET /v1/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 204")) << i;
    EXPECT_EQ(client.receive(), "");
  }
}

TEST_F(ListenerTest, TheSocketIsTheOwnersAlone) {
  start();
  struct stat about {};
  ASSERT_EQ(stat(config_.path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(ListenerTest, ReplacesADeadSocketButNothingElse) {
  start();
  TearDown();
  const Socket dead(config_.path);
  EXPECT_FALSE(dead.connected());
  SetUp();
  std::ofstream(config_.path) << "precious";
  Listener refused(context_, config_, answerer_);
  const auto opened = refused.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::precondition);
  struct stat about {};
  EXPECT_EQ(stat(config_.path.c_str(), &about), 0);
}

TEST_F(ListenerTest, RefusesAPathThatIsTooLong) {
  config_.path = directory_ + "/" + std::string(120, 'x');
  Listener listener(context_, config_, answerer_);
  EXPECT_EQ(listener.open().error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace coffer::daemon
