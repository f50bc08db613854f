// Programs that a test needs beside it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::fakes {

/// Runs a program to its end, without output. unavailable if it can't be run or doesn't end with 0.
[[nodiscard]] Result<void> run_program(const std::vector<std::string>& argv);

/// A program that runs for as long as this does, then gets SIGTERM and is waited for.
class ChildProcess final {
 public:
  /// Started, without output.
  [[nodiscard]] static Result<std::unique_ptr<ChildProcess>> start(
      const std::vector<std::string>& argv);
  ~ChildProcess();
  [[nodiscard]] pid_t id() const noexcept { return id_; }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  explicit ChildProcess(pid_t id) noexcept : id_(id) {}
  pid_t id_;
};

/// Until the file is there, ten seconds at most.
[[nodiscard]] Result<void> wait_for_file(const std::string& path);

/// A new directory under the system's one for temporary files.
[[nodiscard]] Result<std::string> make_temporary_directory(const std::string& prefix);

}  // namespace coffer::fakes
