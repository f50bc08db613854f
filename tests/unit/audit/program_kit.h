// coffer-audit run as auditors run it. It stands beside this program.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace coffer::audit::test {

struct Ran {
  int status = -1;
  std::string output;  ///< standard output and error
};

inline std::string program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "coffer-audit").string();
}

inline Ran run(const std::string& arguments) {
  Ran ran;
  // One that hangs ends with 124.
  std::FILE* pipe = ::popen(("timeout 120 " + program() + " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> piece{};
  for (std::size_t size = 1; size != 0;) {
    size = std::fread(piece.data(), 1, piece.size(), pipe);
    ran.output.append(piece.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) ran.status = WEXITSTATUS(status);
  return ran;
}

}  // namespace coffer::audit::test
