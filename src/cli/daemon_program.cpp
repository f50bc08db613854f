#include "daemon_program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace coffer::cli {

Result<int> run_daemon_program(const std::vector<std::string>& arguments) {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  // Not by PATH: what is run as root must be what was installed with this.
  const std::string program = (self.parent_path() / "cofferd").string();
  if (failed || ::access(program.c_str(), X_OK) != 0) {
    return make_error(ErrorCode::not_found, "there is no cofferd beside this program");
  }
  std::vector<std::string> owned = arguments;
  std::vector<char*> argv{const_cast<char*>("cofferd")};
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int code = ::posix_spawn(&child, program.c_str(), nullptr, nullptr, argv.data(), environ);
  if (code != 0) {
    return make_error(ErrorCode::unavailable, "cannot run cofferd: " + std::string(strerror(code)));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return make_error(ErrorCode::unavailable, "cannot wait for cofferd");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace coffer::cli
