// A file that the command line names.
#pragma once

#include <string>
#include <utility>

#include "coffer/base/result.h"

namespace coffer::auditor {

class GivenFile final {
 public:
  /// A regular file, or a pipe without a name, as a shell makes for `<(…)`: a pipe or a device in
  /// the log's directory would be waited for, for ever. unavailable names the path.
  [[nodiscard]] static Result<GivenFile> open(const std::string& path);
  ~GivenFile();
  GivenFile(GivenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  GivenFile& operator=(GivenFile&&) = delete;
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  explicit GivenFile(int fd) noexcept : fd_(fd) {}
  int fd_;
};

}  // namespace coffer::auditor
