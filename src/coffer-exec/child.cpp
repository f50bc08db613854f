#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace coffer::exec_process {
namespace {

/// What the report says of one that never began (docs/formats/exec-protocol.md).
constexpr int kNotBegun = 126;
constexpr rlim_t kMostFiles = 256;
constexpr rlim_t kLargestFile = rlim_t{64} << 20U;
/// Of one process. Interpreters reserve much that they never touch.
constexpr rlim_t kMostMemory = rlim_t{4} << 30U;
/// Of its user, whatever else that runs; root has no such limit.
constexpr rlim_t kMostProcesses = 512;

Error refuse(const std::string& name, std::string_view why) {
  return make_error(ErrorCode::precondition, "program " + name + ": " + std::string(why));
}

/// Whether others than root and us could put something else in its place.
bool others_may_change(const struct stat& status, bool sticky_helps) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) return true;
  if (sticky_helps && (status.st_mode & S_ISVTX) != 0) return false;
  return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
};

/// The path with its links resolved.
Result<std::string> check_file(const programs::Program& program) {
  if (!program.path.starts_with('/')) return refuse(program.name, "its path isn't absolute");
  const std::unique_ptr<char, Free> resolved(::realpath(program.path.c_str(), nullptr));
  if (!resolved) return refuse(program.name, std::strerror(errno));
  const std::string file = resolved.get();
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return refuse(program.name, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return refuse(program.name, "it isn't a regular file");
  if ((status.st_mode & S_IXUSR) == 0) return refuse(program.name, "it can't be executed");
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return refuse(program.name, "it changes its user or group");
  }
  if (others_may_change(status, false)) {
    return refuse(program.name, "others than root and this user could change it");
  }
  bool first = true;
  for (std::size_t slash = file.rfind('/');; slash = file.rfind('/', slash - 1)) {
    const std::string directory = slash == 0 ? "/" : file.substr(0, slash);
    if (::stat(directory.c_str(), &status) != 0) return refuse(program.name, std::strerror(errno));
    if (others_may_change(status, !first)) {
      return refuse(program.name, "others could put another file in its place");
    }
    if (slash == 0) return file;
    first = false;
  }
}

Result<void> find_user(Runnable& runnable) {
  const std::string& user = runnable.program.user;
  if (user.empty()) return {};
  std::vector<char> room(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) != 0 ||
      found == nullptr) {
    return refuse(runnable.program.name, "no such user");
  }
  runnable.uid = entry.pw_uid;
  runnable.gid = entry.pw_gid;
  if (::geteuid() != 0) {
    if (::geteuid() == runnable.uid) return {};
    return refuse(runnable.program.name, "only root can run it as another user");
  }
  int count = NGROUPS_MAX;
  runnable.groups.resize(NGROUPS_MAX);
  if (::getgrouplist(user.c_str(), entry.pw_gid, runnable.groups.data(), &count) < 0) {
    return refuse(runnable.program.name, "its user is in too many groups");
  }
  runnable.groups.resize(static_cast<std::size_t>(count));
  runnable.changes_user = true;
  return {};
}

bool set_limit(__rlimit_resource what, rlim_t value) {
  const rlimit limit{value, value};
  return ::setrlimit(what, &limit) == 0;
}

bool become_user(const Runnable& runnable) {
  if (!runnable.changes_user) return true;
  const bool became = ::setgroups(runnable.groups.size(), runnable.groups.data()) == 0 &&
                      ::setresgid(runnable.gid, runnable.gid, runnable.gid) == 0 &&
                      ::setresuid(runnable.uid, runnable.uid, runnable.uid) == 0;
  if (!became) return false;
  return runnable.uid == 0 || (::setuid(0) != 0 && ::seteuid(0) != 0);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGKILL && number != SIGSTOP) std::signal(number, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool arrange_files(int input, int output) {
  // Theirs are above the standard ones: coffer-exec has those open on /dev/null.
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  return nowhere >= 0 && ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
         ::dup2(nowhere, STDERR_FILENO) >= 0 &&
         ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0;
}

/// In the child: nothing but system calls.
[[noreturn]] void become(const Runnable& runnable, char* path, int input, int output,
                         pid_t parent) {
  const auto seconds = static_cast<rlim_t>(runnable.program.deadline.count());
  const bool ready = ::setsid() >= 0 && arrange_files(input, output) && ::chdir("/") == 0 &&
                     set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, kMostFiles) &&
                     set_limit(RLIMIT_FSIZE, kLargestFile) && set_limit(RLIMIT_CPU, seconds + 1) &&
                     set_limit(RLIMIT_AS, kMostMemory) && set_limit(RLIMIT_NPROC, kMostProcesses) &&
                     become_user(runnable) && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                     // After the change of user, which takes it away.
                     ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && ::getppid() == parent;
  if (!ready) ::_exit(kNotBegun);
  ::umask(S_IRWXG | S_IRWXO);
  reset_signals();
  char* const arguments[] = {path, nullptr};
  char* const nothing[] = {nullptr};
  ::execve(path, arguments, nothing);
  ::_exit(kNotBegun);
}

}  // namespace

Result<Runnable> prepare(const programs::Program& program) {
  Runnable runnable;
  runnable.program = program;
  COFFER_TRY(runnable.program.path, check_file(program));
  COFFER_CHECK(find_user(runnable));
  return runnable;
}

pid_t start(const Runnable& runnable, int input, int output) {
  const pid_t parent = ::getpid();
  std::string path = runnable.program.path;  // as execve(2) takes it
  const pid_t pid = ::fork();
  if (pid == 0) become(runnable, path.data(), input, output, parent);
  return pid;
}

}  // namespace coffer::exec_process
