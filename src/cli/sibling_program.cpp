#include "sibling_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace coffer::cli {
namespace {

constexpr std::size_t kMostOutput = std::size_t{64} << 20U;

/// Not by PATH: what is run must be what was installed with this.
Result<std::string> path_beside(std::string_view name) {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  std::string program = (self.parent_path() / name).string();
  if (!failed && ::access(program.c_str(), X_OK) == 0) return program;
  return make_error(ErrorCode::not_found,
                    std::string("there is no ").append(name) + " beside this program");
}

class FileActions final {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

struct Started {
  pid_t child = 0;
  int out = -1;
};

Result<Started> start(const std::string& program, std::string_view name,
                      const std::vector<std::string>& arguments, Errors errors) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return make_error(ErrorCode::unavailable,
                      std::string("cannot make a pipe: ") + strerror(errno));
  }
  FileActions actions;
  ::posix_spawn_file_actions_adddup2(actions.get(), pipe[1], STDOUT_FILENO);
  if (errors == Errors::taken) {
    ::posix_spawn_file_actions_adddup2(actions.get(), pipe[1], STDERR_FILENO);
  }
  std::vector<std::string> owned{std::string(name)};
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(owned.size() + 1);
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  Started started{0, pipe[0]};
  const int code =
      ::posix_spawn(&started.child, program.c_str(), actions.get(), nullptr, argv.data(), environ);
  ::close(pipe[1]);
  if (code == 0) return started;
  ::close(pipe[0]);
  return make_error(ErrorCode::unavailable,
                    std::string("cannot run ").append(name) + ": " + strerror(code));
}

/// False: there was more than it may print.
bool read_all(int from, std::string& text) {
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t size = ::read(from, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    if (text.size() + static_cast<std::size_t>(size) > kMostOutput) return false;
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

Result<ProgramOutput> capture_program(std::string_view name,
                                      const std::vector<std::string>& arguments, Errors errors) {
  COFFER_TRY(const std::string program, path_beside(name));
  COFFER_TRY(const Started started, start(program, name, arguments, errors));
  ProgramOutput output;
  const bool whole = read_all(started.out, output.text);
  ::close(started.out);  // one that prints on ends by SIGPIPE
  int status = 0;
  while (::waitpid(started.child, &status, 0) < 0) {
    if (errno != EINTR) return make_error(ErrorCode::unavailable, "cannot wait for a program");
  }
  if (!whole) {
    return make_error(ErrorCode::too_large, std::string(name).append(" printed over 64 MiB"));
  }
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace coffer::cli
