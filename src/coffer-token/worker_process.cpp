#include "worker_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "coffer/base/log.h"
#include "confine.h"

namespace coffer::token_process {
namespace {

using pkcs11::FileDescriptor;
using pkcs11::PacketSocket;

constexpr int kKillPatienceMs = 2000;
constexpr int kExecFailed = 127;

/// What is the daemon's alone: its service manager, its command line's, and what changes a loader's
/// mind.
constexpr std::array kNotForWorkers = {
    "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_", "CREDENTIALS_DIRECTORY", "COFFER_TOKEN",
    "COFFER_ADDR",   "VAULT_",    "LD_",     "INVOCATION_ID",         "JOURNAL_STREAM"};

bool for_workers(std::string_view variable) {
  for (const char* const prefix : kNotForWorkers) {
    if (variable.starts_with(prefix)) return false;
  }
  return true;
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// The pointers are into `environ` and `added`.
std::vector<char*> environment_of(const std::vector<std::string>& added) {
  std::vector<char*> all;
  const auto overridden = [&](std::string_view variable) {
    for (const std::string& each : added) {
      if (name_of(each) == name_of(variable)) return true;
    }
    return false;
  };
  for (char** each = environ; *each != nullptr; ++each) {
    if (for_workers(*each) && !overridden(*each)) all.push_back(*each);
  }
  for (const std::string& each : added) all.push_back(const_cast<char*>(each.c_str()));
  all.push_back(nullptr);
  return all;
}

/// In the child: nothing but system calls.
[[noreturn]] void become_worker(int socket, char* const* arguments, char* const* environment) {
  // dup2 of a descriptor onto itself would leave it to be closed.
  if (socket == kSocket) {
    ::fcntl(socket, F_SETFD, 0);
  } else {
    ::dup2(socket, kSocket);
  }
  ::execve("/proc/self/exe", arguments, environment);
  ::_exit(kExecFailed);
}

std::string name_of(pkcs11::Confinement confinement) {
  switch (confinement) {
    case pkcs11::Confinement::local: return "local";
    case pkcs11::Confinement::network: return "network";
    case pkcs11::Confinement::off: break;
  }
  return "off";
}

}  // namespace

WorkerProcess::WorkerProcess(pid_t pid, FileDescriptor watch, PacketSocket socket) noexcept
    : pid_(pid), watch_(std::move(watch)), socket_(std::move(socket)) {}

WorkerProcess::~WorkerProcess() { static_cast<void>(kill()); }

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      killed_(other.killed_),
      watch_(std::move(other.watch_)),
      socket_(std::move(other.socket_)) {}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  if (this != &other) {
    static_cast<void>(kill());
    pid_ = std::exchange(other.pid_, -1);
    killed_ = other.killed_;
    watch_ = std::move(other.watch_);
    socket_ = std::move(other.socket_);
  }
  return *this;
}

Result<WorkerProcess> WorkerProcess::start(pkcs11::Confinement confinement,
                                           const std::vector<std::string>& environment) {
  COFFER_TRY(auto ends, PacketSocket::pair());
  std::vector<char*> variables = environment_of(environment);
  std::string words[] = {"coffer-token", "work", "--seccomp=" + name_of(confinement),
                         "--parent=" + std::to_string(::getpid())};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  const pid_t pid = ::fork();
  if (pid == 0) become_worker(ends.second.file(), arguments, variables.data());
  if (pid < 0) {
    return make_error(ErrorCode::unavailable, "cannot start the token's worker",
                      std::string("fork: ") + std::strerror(errno));
  }
  FileDescriptor watch(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  WorkerProcess worker(pid, std::move(watch), std::move(ends.first));
  if (worker.watch() < 0) {
    return make_error(ErrorCode::unavailable, "cannot watch the token's worker",
                      std::string("pidfd_open: ") + std::strerror(errno));
  }
  return worker;
}

bool WorkerProcess::kill() {
  if (pid_ < 0) return true;
  killed_ = true;
  ::kill(pid_, SIGKILL);
  pollfd watched{watch_.get(), POLLIN, 0};
  while (::poll(&watched, 1, kKillPatienceMs) < 0 && errno == EINTR) {
  }
  return ended();
}

bool WorkerProcess::ended() {
  if (pid_ < 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return false;
  pid_ = -1;
  if (killed_) return true;
  if (WIFSIGNALED(status)) {
    log::warn(fmt::format("the token's worker was ended by signal {}", WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    log::warn(fmt::format("the token's worker ended with status {}", WEXITSTATUS(status)));
  }
  return true;
}

}  // namespace coffer::token_process
