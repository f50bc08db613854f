// Errors of system calls, and descriptors that close themselves.
#pragma once

#include <unistd.h>

#include <string_view>
#include <utility>

#include "coffer/base/result.h"

namespace coffer::audit {

/// unavailable; the text tells full disks from broken ones, the cause is "call: ENAME".
[[nodiscard]] Error system_error(std::string_view call, int error_number);

class UniqueFd final {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace coffer::audit
