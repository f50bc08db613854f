#include "child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it nowhere

namespace coffer::ceremony {
namespace {

constexpr std::string_view kNotStarted = "not started";

/// The child's process id; nullopt if there is none.
std::optional<pid_t> start(const std::vector<std::string>& words, int output) {
  std::vector<std::string> copies = words;
  std::vector<char*> arguments;
  arguments.reserve(copies.size() + 1);
  for (std::string& word : copies) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files{};
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, 1);
  ::posix_spawn_file_actions_adddup2(&files, output, 2);
  pid_t child = 0;
  const int failed =
      ::posix_spawn(&child, arguments.front(), &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? std::optional(child) : std::nullopt;
}

}  // namespace

Result<Output> Output::open(const std::string& path, bool keep) {
  File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.is_open()) return make_error(ErrorCode::unavailable, "cannot make " + path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return make_error(ErrorCode::conflict, "the program that was begun before still runs: " + path);
  }
  if (!keep && ::ftruncate(file.get(), 0) != 0) {
    return make_error(ErrorCode::unavailable, "cannot empty " + path);
  }
  COFFER_CHECK(sync_name(path));
  return Output(std::move(file));
}

Result<std::string> Output::size() const {
  const off_t end = ::lseek(file_.get(), 0, SEEK_END);
  if (end < 0) return make_error(ErrorCode::unavailable, "cannot tell the output's size");
  return std::to_string(end);
}

Result<std::string> run_child(const std::vector<std::string>& words, Output& output) {
  const std::optional<pid_t> child = start(words, output.get());
  if (!child) return std::string(kNotStarted);
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0) {
    if (errno != EINTR) return make_error(ErrorCode::internal, "lost the program that was started");
  }
  if (::fsync(output.get()) != 0) {
    return make_error(ErrorCode::unavailable, "cannot sync the program's output");
  }
  if (WIFEXITED(status)) return std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status));
}

std::string how_it_ended(const std::string& status) {
  if (status == kNotStarted) return "couldn't be started";
  if (status.starts_with("signal ")) return "was ended by " + status;
  return "ended with exit status " + status;
}

}  // namespace coffer::ceremony
