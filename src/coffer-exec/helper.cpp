#include "helper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "coffer/base/log.h"
#include "keeper.h"

namespace coffer::exec_process {
namespace {

using programs::File;
using programs::Ran;
using Instant = std::chrono::steady_clock::time_point;

constexpr std::size_t kMostPrograms = 64;
constexpr std::size_t kMostRuns = 64;
constexpr int kNotBegun = 126;

struct Running {
  pid_t pid = -1;  ///< of its keeper
  File report;
  Instant deadline;
  Ran::End end = Ran::End::exited;  ///< what to say, unless it ended by itself
  bool ending = false;              ///< its keeper is told

  /// Its keeper ends all of it, and then itself.
  void tell_to_end() {
    ending = true;
    ::kill(pid, SIGTERM);
  }
};

Error failed(std::string_view what) {
  return make_error(ErrorCode::internal, what, std::strerror(errno));
}

/// Standard files lead nowhere, nothing else is open, and who started us is who we end with.
Result<void> harden(pid_t daemon) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO}) {
    if (::dup2(nowhere, standard) < 0) return failed("cannot open /dev/null");
  }
  if (::syscall(SYS_close_range, programs::kControlSocket + 1, ~0U, 0) != 0) {
    return failed("cannot close files");
  }
  ::fcntl(programs::kControlSocket, F_SETFD, FD_CLOEXEC);
  for (const int ignored : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    std::signal(ignored, SIG_IGN);
  }
  ::umask(S_IRWXG | S_IRWXO);
  // What a program starts belongs to its keeper; to us only where that was killed.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return failed("cannot take in orphans");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("cannot turn core dumps off");
  if (::getppid() != daemon) return make_error(ErrorCode::unavailable, "cofferd is gone");
  return {};
}

Result<File> watch_children() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return failed("sigprocmask");
  File file(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!file.open()) return failed("signalfd");
  return file;
}

class Helper final {
 public:
  explicit Helper(File children) : children_(std::move(children)) {}
  ~Helper() {
    for (Running& run : running_) run.tell_to_end();
    for (const Running& run : running_) ::waitpid(run.pid, nullptr, 0);
  }

  /// Returns when cofferd is gone, or says something that makes no sense.
  Result<void> run() {
    for (;;) {
      COFFER_TRY(const bool ordered, wait());
      if (ordered) {
        COFFER_TRY(const bool more, obey());
        if (!more) return {};
      }
      reap();
      enforce();
    }
  }

 private:
  /// True: there is an order.
  Result<bool> wait() {
    std::vector<pollfd> watched = {{programs::kControlSocket, POLLIN, 0},
                                   {children_.get(), POLLIN, 0}};
    // Nobody reads a report any more: cofferd has given the run up.
    for (const Running& run : running_) {
      watched.push_back({run.ending ? -1 : run.report.get(), 0, 0});
    }
    if (::poll(watched.data(), watched.size(), until_deadline()) < 0 && errno != EINTR) {
      return failed("poll");
    }
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if ((watched[i + 2].revents & POLLERR) != 0) running_[i].tell_to_end();
    }
    return watched[0].revents != 0;
  }

  [[nodiscard]] int until_deadline() const {
    std::optional<Instant> next;
    for (const Running& run : running_) {
      if (!run.ending) next = std::min(run.deadline, next.value_or(run.deadline));
    }
    if (!next) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 10, 60'000));
  }

  /// False: cofferd is gone.
  Result<bool> obey() {
    std::vector<File> files;
    COFFER_TRY(const std::size_t size,
               programs::receive_frame(programs::kControlSocket, room_, files));
    if (size == 0) return false;
    COFFER_TRY(const auto order, programs::decode_order(ByteView(room_).first(size)));
    if (const auto* declare = std::get_if<programs::Declare>(&order)) {
      if (ready_ || runnables_.size() >= kMostPrograms) return nonsense();
      auto prepared = prepare(declare->program);
      if (!prepared.ok() && problem_.empty()) problem_ = prepared.error().text;
      runnables_.push_back(prepared.ok() ? *std::move(prepared) : Runnable{});
      return true;
    }
    if (std::holds_alternative<programs::Ready>(order)) {
      if (ready_) return nonsense();
      ready_ = problem_.empty();
      COFFER_CHECK(
          programs::send_frame(programs::kControlSocket, programs::encode_verdict(problem_)));
      return true;
    }
    const std::uint32_t program = std::get<programs::Run>(order).program;
    if (!ready_ || program >= runnables_.size() || files.size() != programs::kMaxFiles) {
      return nonsense();
    }
    begin(runnables_[program], files);
    return true;
  }

  static Error nonsense() {
    return make_error(ErrorCode::corrupt, "an order to coffer-exec that makes no sense");
  }

  void begin(const Runnable& runnable, std::vector<File>& files) {
    Running run{.report = std::move(files[2]),
                .deadline = std::chrono::steady_clock::now() + runnable.program.deadline};
    if (running_.size() < kMostRuns) {
      run.pid = keep(runnable, files[0].get(), files[1].get());
    }
    if (run.pid < 0) return tell(run, Ran::End::not_begun, 0);
    running_.push_back(std::move(run));
  }

  static void tell(const Running& run, Ran::End end, int status) {
    const programs::Report report = {static_cast<std::uint8_t>(end),
                                     static_cast<std::uint8_t>(status)};
    static_cast<void>(!::write(run.report.get(), report.data(), report.size()));
  }

  void reap() {
    signalfd_siginfo taken{};
    while (::read(children_.get(), &taken, sizeof(taken)) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0; end_orphans()) {
      const auto run = std::find_if(running_.begin(), running_.end(),
                                    [pid](const Running& each) { return each.pid == pid; });
      if (run == running_.end()) continue;  // an orphan
      report(*run, status);
      running_.erase(run);
    }
  }

  /// Orphans of a keeper that was killed end here.
  void end_orphans() const {
    std::vector<pid_t> keepers;
    for (const Running& run : running_) keepers.push_back(run.pid);
    kill_children(keepers);
  }

  static void report(const Running& run, int status) {
    if (run.end == Ran::End::deadline) return tell(run, run.end, 0);
    if (WIFSIGNALED(status)) return tell(run, Ran::End::signalled, WTERMSIG(status));
    const int code = WEXITSTATUS(status);
    tell(run, code == kNotBegun ? Ran::End::not_begun : Ran::End::exited, code);
  }

  void enforce() {
    const auto now = std::chrono::steady_clock::now();
    for (Running& run : running_) {
      if (run.ending || run.deadline > now) continue;
      run.end = Ran::End::deadline;
      run.tell_to_end();
    }
  }

  File children_;
  Bytes room_ = Bytes(programs::kMaxFrame);
  std::vector<Runnable> runnables_;
  std::string problem_;
  bool ready_ = false;
  std::vector<Running> running_;
};

Result<void> help_until_end(pid_t daemon) {
  COFFER_CHECK(harden(daemon));
  COFFER_TRY(File children, watch_children());
  return Helper(std::move(children)).run();
}

}  // namespace

int help(pid_t daemon) {
  const Result<void> done = help_until_end(daemon);
  if (done.ok()) return EXIT_SUCCESS;
  log::error(done.error());
  return EXIT_FAILURE;
}

}  // namespace coffer::exec_process
