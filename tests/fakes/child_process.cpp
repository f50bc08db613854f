#include "fakes/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

extern char** environ;

namespace coffer::fakes {
namespace {

Error cannot(const std::string& program, std::string_view how) {
  return make_error(ErrorCode::unavailable, program + " " + std::string(how) +
                                                " (scripts/packages-test.txt names its package)");
}

Result<pid_t> spawn(const std::vector<std::string>& argv) {
  std::vector<char*> arguments;
  for (const std::string& each : argv) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&actions, file, "/dev/null", O_RDWR, 0);
  }
  pid_t id = 0;
  const int failed =
      ::posix_spawnp(&id, argv.front().c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return cannot(argv.front(), "can't be run");
  return id;
}

}  // namespace

Result<void> run_program(const std::vector<std::string>& argv) {
  COFFER_TRY(const pid_t id, spawn(argv));
  int status = 0;
  if (::waitpid(id, &status, 0) == id && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return cannot(argv.front(), "failed");
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const std::vector<std::string>& argv) {
  COFFER_TRY(const pid_t id, spawn(argv));
  return std::unique_ptr<ChildProcess>(new ChildProcess(id));
}

ChildProcess::~ChildProcess() {
  ::kill(id_, SIGTERM);
  ::waitpid(id_, nullptr, 0);
}

Result<void> wait_for_file(const std::string& path) {
  for (int i = 0; i < 1000; ++i) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return make_error(ErrorCode::unavailable, "waited in vain for " + path);
}

Result<std::string> make_temporary_directory(const std::string& prefix) {
  std::error_code failed;
  std::string path =
      std::filesystem::temp_directory_path(failed).string() + "/" + prefix + "XXXXXX";
  if (!failed && ::mkdtemp(path.data()) != nullptr) return path;
  return make_error(ErrorCode::unavailable, "no temporary directory");
}

}  // namespace coffer::fakes
