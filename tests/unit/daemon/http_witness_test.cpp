// A witness over HTTP that doesn't answer, and a daemon that stops.
#include "src/daemon/http_witness.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <future>

namespace coffer::daemon {
namespace {

/// Takes connections and never says a word.
class Silent {
 public:
  Silent() : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    const void* const to = &address;
    EXPECT_EQ(::bind(socket_, static_cast<const sockaddr*>(to), sizeof address), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
  }
  ~Silent() {
    ::close(socket_);
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }
  [[nodiscard]] std::string path() const { return directory_ + "/s"; }
  [[nodiscard]] int take() const { return ::accept(socket_, nullptr, nullptr); }

 private:
  std::string directory_ = "/tmp/coffer-witness-XXXXXX";
  int socket_;
};

TEST(HttpWitness, WhatItIsAskedEndsWhenTheDaemonStops) {
  const Silent silent;
  const auto witness = make_http_witness({.url = "unix:" + silent.path()});
  auto asked = std::async(std::launch::async, [&] { return witness->add({.checkpoint = "x"}); });
  const int connection = silent.take();
  witness->hurry();
  const auto answer = asked.get();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().text, "the witness had not answered when the daemon stopped");
  // The last one has three seconds.
  const auto last = witness->add({.checkpoint = "y"});
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().text, "cannot reach the witness");
  ::close(connection);
}

}  // namespace
}  // namespace coffer::daemon
