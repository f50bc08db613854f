// The socket's limits, with real sockets and short deadlines.
#include "src/daemon/listeners.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
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
    limits_.deadlines = {std::chrono::seconds(2), std::chrono::seconds(1), std::chrono::seconds(1),
                         std::chrono::seconds(1)};
  }
  void TearDown() override {
    if (thread_.joinable()) {
      boost::asio::post(context_, [this] {
        listeners_->drain();
        listeners_->close_all();
        context_.stop();
      });
      thread_.join();
    }
    std::filesystem::remove_all(directory_);
  }
  void start() { start({config_}); }
  void start(std::vector<ListenerConfig> configs) {
    listeners_ = std::make_unique<Listeners>(context_, answerer_);
    const auto opened = listeners_->open({std::move(configs), limits_});
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    thread_ = std::thread([this] { context_.run(); });
  }
  /// On the I/O thread, as a reload does it.
  Result<void> change(std::vector<ListenerConfig> configs) {
    std::promise<Result<void>> done;
    boost::asio::post(context_, [&] { done.set_value(listeners_->change({configs, limits_})); });
    return done.get_future().get();
  }
  std::string path(const char* name) const { return directory_ + "/" + name; }
  static bool answers(const std::string& at) {
    const Socket client(at);
    if (!client.connected()) return false;
    client.send("GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.receive().starts_with("HTTP/1.1 204");
  }
  static mode_t mode_of(const std::string& at) {
    struct stat about {};
    EXPECT_EQ(lstat(at.c_str(), &about), 0) << at;
    return about.st_mode & 07777U;
  }
  /// Seconds until the daemon closes the connection.
  static double closed_after(const Socket& socket) {
    const auto start = Clock::now();
    EXPECT_EQ(socket.receive(), "");
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  std::string directory_;
  ListenerConfig config_;
  ConnectionLimits limits_;
  Answerer answerer_;
  boost::asio::io_context context_{1};
  std::unique_ptr<Listeners> listeners_;
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
  limits_.max_per_uid = 2;
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

TEST_F(ListenerTest, ServesSeveralSocketsWithDifferentModes) {
  start({{.path = path("a")}, {.path = path("b"), .mode = 0666}});
  EXPECT_TRUE(answers(path("a")));
  EXPECT_TRUE(answers(path("b")));
  EXPECT_EQ(mode_of(path("a")), 0600U);
  EXPECT_EQ(mode_of(path("b")), 0666U);
}

TEST_F(ListenerTest, CountsOneUserOverAllSockets) {
  limits_.max_per_uid = 2;
  start({{.path = path("a")}, {.path = path("b")}});
  const Socket first(path("a"));
  const Socket second(path("b"));
  first.send(kGet);
  second.send(kGet);
  EXPECT_FALSE(first.receive().empty());
  EXPECT_FALSE(second.receive().empty());
  const Socket third(path("b"));
  EXPECT_NE(third.receive().find("too many connections"), std::string::npos);
}

TEST_F(ListenerTest, AFullSocketLeavesRoomOnAnother) {
  start({{.path = path("a"), .max_connections = 1}, {.path = path("b")}});
  const Socket first(path("a"));
  first.send(kGet);
  EXPECT_FALSE(first.receive().empty());
  const Socket second(path("a"));
  EXPECT_NE(second.receive().find("too many connections"), std::string::npos);
  EXPECT_TRUE(answers(path("b")));
}

TEST_F(ListenerTest, OpensAllSocketsOrNone) {
  std::ofstream(path("taken")) << "precious";
  Listeners listeners(context_, answerer_);
  const auto opened = listeners.open({{{.path = path("a")}, {.path = path("taken")}}, {}});
  ASSERT_FALSE(opened.ok());
  EXPECT_FALSE(std::filesystem::exists(path("a")));
  EXPECT_TRUE(std::filesystem::exists(path("taken")));
}

TEST_F(ListenerTest, AChangeOpensClosesAndKeeps) {
  start({{.path = path("a")}, {.path = path("b")}});
  const Socket kept(path("b"));
  const Socket idle(path("a"));
  kept.send(kGet);
  idle.send(kGet);
  EXPECT_FALSE(kept.receive().empty());
  EXPECT_FALSE(idle.receive().empty());

  const auto changed = change({{.path = path("b"), .mode = 0660}, {.path = path("c")}});
  ASSERT_TRUE(changed.ok()) << describe(changed.error());
  EXPECT_EQ(idle.receive(), "") << "its socket is gone, and it was idle";
  EXPECT_FALSE(std::filesystem::exists(path("a")));
  EXPECT_TRUE(answers(path("c")));
  EXPECT_EQ(mode_of(path("b")), 0660U);
  kept.send(kGet);
  EXPECT_TRUE(kept.receive().starts_with("HTTP/1.1 204")) << "the same connection goes on";
}

TEST_F(ListenerTest, AChangeThatCannotBeMadeChangesNothing) {
  std::ofstream(path("taken")) << "precious";
  start({{.path = path("a")}, {.path = path("b")}});
  const auto blocked = change({{.path = path("b"), .mode = 0666}, {.path = path("taken")}});
  EXPECT_FALSE(blocked.ok());
  EXPECT_TRUE(answers(path("a")));
  EXPECT_EQ(mode_of(path("b")), 0600U);

  const auto no_group = change({{.path = path("a"), .mode = 0666},
                                {.path = path("b"), .group = "no-such-group-here"},
                                {.path = path("c")}});
  ASSERT_FALSE(no_group.ok());
  EXPECT_EQ(no_group.error().code, ErrorCode::precondition);
  EXPECT_EQ(mode_of(path("a")), 0600U) << "what was changed already is taken back";
  EXPECT_EQ(mode_of(path("b")), 0600U);
  EXPECT_FALSE(std::filesystem::exists(path("c")));
  EXPECT_TRUE(answers(path("b")));
}

TEST_F(ListenerTest, NewLimitsHoldForThoseThatComeLater) {
  start();
  const Socket first(config_.path);
  first.send(kGet);
  EXPECT_FALSE(first.receive().empty());
  limits_.max_connections = 1;
  ASSERT_TRUE(change({config_}).ok());
  const Socket second(config_.path);
  EXPECT_NE(second.receive().find("too many connections"), std::string::npos);
  first.send(kGet);
  EXPECT_TRUE(first.receive().starts_with("HTTP/1.1 204"));
}

TEST_F(ListenerTest, ReplacesADeadSocketButNothingElse) {
  // A daemon that was killed leaves its socket behind.
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, config_.path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(dead);
  start();
  EXPECT_TRUE(answers(config_.path));

  Listeners second(context_, answerer_);
  const auto alive = second.open({{config_}, {}});
  ASSERT_FALSE(alive.ok());
  EXPECT_NE(alive.error().text.find("another process listens"), std::string::npos);
  EXPECT_TRUE(answers(config_.path));
}

TEST_F(ListenerTest, LeavesFilesAndLinksAtItsPathAlone) {
  std::ofstream(path("file")) << "precious";
  std::filesystem::create_symlink(path("elsewhere"), path("link"));
  for (const char* name : {"file", "link"}) {
    Listeners refused(context_, answerer_);
    const auto opened = refused.open({{{.path = path(name)}}, {}});
    ASSERT_FALSE(opened.ok()) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::precondition) << name;
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::symlink_status(path(name)))) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(path("elsewhere")));
}

TEST_F(ListenerTest, RefusesADirectoryInWhichOthersCouldReplaceIt) {
  for (const mode_t mode : {0777U, 01777U, 0770U}) {
    ASSERT_EQ(chmod(directory_.c_str(), mode), 0);
    Listeners refused(context_, answerer_);
    const auto opened = refused.open({{config_}, {}});
    ASSERT_FALSE(opened.ok()) << mode;
    EXPECT_EQ(opened.error().code, ErrorCode::precondition);
  }
}

TEST_F(ListenerTest, RefusesAPathThatIsTooLong) {
  config_.path = directory_ + "/" + std::string(120, 'x');
  Listeners listeners(context_, answerer_);
  EXPECT_EQ(listeners.open({{config_}, {}}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace coffer::daemon
