#include "fake_vault.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace coffer::cli {
namespace {

std::string make_directory() {
  std::string path = "/tmp/coffer-cli-XXXXXX";
  EXPECT_NE(::mkdtemp(path.data()), nullptr);
  return path;
}

/// Reads until `size` bytes are there; false at the end of the stream.
bool read_until(int connection, std::string& text, std::size_t size) {
  std::array<char, 4096> buffer{};
  while (text.size() < size) {
    const ssize_t got = ::read(connection, buffer.data(), buffer.size());
    if (got <= 0) return false;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return true;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

SeenRequest parse_head(const std::string& head) {
  SeenRequest request;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  request.line = line.substr(0, line.find('\r'));
  while (std::getline(lines, line) && line != "\r") {
    const std::size_t colon = line.find(':');
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    request.headers[lower(line.substr(0, colon))] = line.substr(value, line.size() - value - 1);
  }
  return request;
}

}  // namespace

FakeVault::FakeVault() : directory_(make_directory()) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket_path();
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_, 8), 0);
  thread_ = std::thread([this] { serve(); });
}

FakeVault::~FakeVault() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  thread_.join();
  ::close(listener_);
  for (const int connection : held_) ::close(connection);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void FakeVault::answer(const std::string& method_and_target, int status, const std::string& body) {
  const std::lock_guard lock(mutex_);
  script_[method_and_target] = {status, body};
}

void FakeVault::stay_silent() {
  const std::lock_guard lock(silence_);
  silent_ = true;
}

std::vector<SeenRequest> FakeVault::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeVault::serve() {
  for (;;) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    const std::lock_guard lock(silence_);
    if (silent_) {
      held_.push_back(connection);
      continue;
    }
    serve_one(connection);
    ::close(connection);
  }
}

void FakeVault::serve_one(int connection) {
  std::string text;
  std::size_t end = std::string::npos;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (!read_until(connection, text, text.size() + 1)) return;
  }
  SeenRequest request = parse_head(text.substr(0, end + 2));
  const std::size_t length = static_cast<std::size_t>(
      std::strtoul(request.headers["content-length"].c_str(), nullptr, 10));
  if (!read_until(connection, text, end + 4 + length)) return;
  request.body = text.substr(end + 4);
  Scripted reply;
  {
    const std::lock_guard lock(mutex_);
    const auto found = script_.find(request.line.substr(0, request.line.rfind(' ')));
    if (found != script_.end()) reply = found->second;
    requests_.push_back(std::move(request));
  }
  if (reply.status == 0) return;
  const std::string answer = "HTTP/1.1 " + std::to_string(reply.status) +
                             " x\r\nContent-Type: application/json\r\nContent-Length: " +
                             std::to_string(reply.body.size()) + "\r\nConnection: close\r\n\r\n" +
                             reply.body;
  EXPECT_EQ(::write(connection, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
}

}  // namespace coffer::cli
