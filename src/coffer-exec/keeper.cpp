#include "keeper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>

namespace coffer::exec_process {
namespace {

constexpr int kNotBegun = 126;

/// proc_pid_task_tid_children(5). Those that come while it is read may be missing.
std::optional<std::string> children_text() {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  const programs::File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return std::nullopt;
  std::string text;
  char part[4096];
  for (ssize_t size = 0; (size = ::read(file.get(), part, sizeof(part))) > 0;) {
    text.append(part, static_cast<std::size_t>(size));
  }
  return text;
}

/// However they fork: what is killed gives its own children to us, for the next round.
void end_children() {
  for (;;) {
    const bool known = kill_children({});
    const pid_t gone = ::waitpid(-1, nullptr, known ? 0 : WNOHANG);
    if (gone == 0 || (gone < 0 && errno != EINTR)) return;
  }
}

/// SIGCHLD and SIGTERM are taken with sigwaitinfo(2), and with nothing else.
sigset_t awaited() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  ::sigaddset(&set, SIGTERM);
  return set;
}

bool prepare_to_keep(pid_t parent) {
  const sigset_t set = awaited();
  std::signal(SIGTERM, SIG_DFL);
  return ::sigprocmask(SIG_SETMASK, &set, nullptr) == 0 &&
         ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == 0 && ::getppid() == parent;
}

/// How the program ended; -1: it was to be ended.
int await(pid_t program) {
  const sigset_t set = awaited();
  for (;;) {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == program) return status;
    }
    if (::sigwaitinfo(&set, nullptr) == SIGTERM) return -1;
  }
}

/// As another did, for whoever waits for us.
[[noreturn]] void end_as(int status) {
  if (status == -1) ::_exit(EXIT_FAILURE);
  if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  std::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::kill(::getpid(), number);
  ::_exit(EXIT_FAILURE);
}

[[noreturn]] void be_keeper(const Runnable& runnable, int input, int output, pid_t parent) {
  if (!prepare_to_keep(parent)) ::_exit(kNotBegun);
  const pid_t program = start(runnable, input, output);
  // Neither its pipes nor anything of other runs: their ends are to be seen.
  if (program < 0 || ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) != 0) {
    end_children();
    ::_exit(kNotBegun);
  }
  const int status = await(program);
  ::kill(-program, SIGKILL);  // without /proc, at least these
  end_children();
  end_as(status);
}

}  // namespace

bool kill_children(std::span<const pid_t> spared) {
  const auto text = children_text();
  if (!text) return false;
  const char* const end = text->data() + text->size();
  for (const char* at = text->data(); at < end; ++at) {
    pid_t child = 0;
    at = std::from_chars(at, end, child).ptr;
    const bool mine = child > 0;
    if (mine && std::find(spared.begin(), spared.end(), child) == spared.end()) {
      ::kill(child, SIGKILL);
    }
  }
  return true;
}

pid_t keep(const Runnable& runnable, int input, int output) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) be_keeper(runnable, input, output, parent);
  return pid;
}

}  // namespace coffer::exec_process
