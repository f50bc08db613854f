#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "coffer/base/mutex.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/programs/control.h"

namespace coffer::programs {
namespace {

constexpr int kExecFailed = 127;
constexpr int kEndPatienceMs = 3000;
/// How often a run looks whether it was told to stop.
constexpr int kLookMs = 100;
/// coffer-exec keeps the deadline; past it by so much it is coffer-exec that hangs.
constexpr std::chrono::seconds kGrace{10};

Error failed(std::string_view call) {
  return make_error(ErrorCode::unavailable, "cannot run a program",
                    std::string(call) + ": " + std::strerror(errno));
}

struct Pipe {
  File reads;
  File writes;
};

Result<Pipe> make_pipe() {
  int ends[2] = {};
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe2");
  return Pipe{File(ends[0]), File(ends[1])};
}

/// In the child of a process that has one thread: nothing but system calls all the same.
[[noreturn]] void become_helper(int socket, const char* program, char* const* arguments) {
  if (socket == kControlSocket) {
    ::fcntl(socket, F_SETFD, 0);
  } else {
    ::dup2(socket, kControlSocket);
  }
  char* const nothing[] = {nullptr};
  ::execve(program, arguments, nothing);
  ::_exit(kExecFailed);
}

/// One run as cofferd sees it: it writes, reads, and waits for the report.
class Conversation final {
 public:
  Conversation(File input, File output, File report, std::string_view text)
      : input_(std::move(input)),
        output_(std::move(output)),
        report_(std::move(report)),
        text_(text) {
    for (const File* file : {&input_, &output_}) {
      ::fcntl(file->get(), F_SETFL, O_NONBLOCK);
    }
    if (text_.empty()) input_.close();
  }

  /// Closing the report has coffer-exec end what still runs.
  Result<Ran> run(std::chrono::seconds patience, const std::stop_token& stop) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (report_.open()) {
      if (stop.stop_requested()) return over(Ran::End::cut);
      if (std::chrono::steady_clock::now() > end) {
        return make_error(ErrorCode::unavailable, "coffer-exec doesn't answer");
      }
      COFFER_CHECK(turn());
      if (ran_.output.size() > kMaxOutput) return over(Ran::End::too_much);
    }
    return std::move(ran_);
  }

 private:
  Ran over(Ran::End how) {
    ran_.end = how;
    return std::move(ran_);
  }

  Result<void> turn() {
    pollfd watched[] = {
        {input_.get(), POLLOUT, 0}, {output_.get(), POLLIN, 0}, {report_.get(), POLLIN, 0}};
    if (::poll(watched, std::size(watched), kLookMs) < 0 && errno != EINTR) return failed("poll");
    if (watched[0].revents != 0) write();
    if (watched[1].revents != 0) static_cast<void>(read());
    if (watched[2].revents == 0) return {};
    // All that it wrote was there before its report.
    while (ran_.output.size() <= kMaxOutput && read()) {
    }
    return read_report();
  }

  void write() {
    const ssize_t sent = ::write(input_.get(), text_.data(), text_.size());
    if (sent > 0) text_.remove_prefix(static_cast<std::size_t>(sent));
    const bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || text_.empty()) input_.close();
  }

  /// False: there is nothing more for now.
  bool read() {
    if (!output_.open()) return false;
    std::array<char, 16384> room;
    const ssize_t got = ::read(output_.get(), room.data(), room.size());
    const int problem = errno;
    if (got > 0) ran_.output.append(room.data(), static_cast<std::size_t>(got));
    wipe(MutableByteView(reinterpret_cast<std::uint8_t*>(room.data()), room.size()));
    if (got == 0 || (got < 0 && problem != EAGAIN && problem != EINTR)) output_.close();
    return got > 0;
  }

  Result<void> read_report() {
    Report report{};
    const ssize_t got = ::read(report_.get(), report.data(), report.size());
    report_.close();
    if (got != static_cast<ssize_t>(report.size()) ||
        report[0] > static_cast<std::uint8_t>(Ran::End::not_begun)) {
      wipe(ran_.output);
      return make_error(ErrorCode::unavailable, "coffer-exec is gone: cofferd has to be restarted");
    }
    ran_.end = static_cast<Ran::End>(report[0]);
    ran_.status = report[1];
    return {};
  }

  File input_;
  File output_;
  File report_;
  std::string_view text_;
  Ran ran_;
};

class ExecRunner final : public Runner {
 public:
  ExecRunner(pid_t helper, File socket, std::vector<Program> programs)
      : helper_(helper), socket_(std::move(socket)), programs_(std::move(programs)) {}

  /// It ends by itself once our end is closed, and takes along what it runs.
  ~ExecRunner() override {
    socket_.close();
    const File watch(static_cast<int>(::syscall(SYS_pidfd_open, helper_, 0)));
    pollfd watched{watch.get(), POLLIN, 0};
    if (watch.open() && ::poll(&watched, 1, kEndPatienceMs) == 0) ::kill(helper_, SIGKILL);
    ::waitpid(helper_, nullptr, WNOHANG);
  }

  Result<void> settle() {
    for (const Program& program : programs_) {
      COFFER_CHECK(send_frame(socket_.get(), encode(Declare{program})));
    }
    COFFER_CHECK(send_frame(socket_.get(), encode(Ready{})));
    Bytes room(kMaxFrame);
    std::vector<File> none;
    COFFER_TRY(const std::size_t size, receive_frame(socket_.get(), room, none));
    COFFER_TRY(const std::string problem, decode_verdict(ByteView(room).first(size)));
    if (problem.empty()) return {};
    return make_error(ErrorCode::precondition, problem);
  }

  [[nodiscard]] const Program* find(std::string_view name) const override {
    const auto found = std::find_if(programs_.begin(), programs_.end(),
                                    [&](const Program& program) { return program.name == name; });
    return found == programs_.end() ? nullptr : &*found;
  }

  [[nodiscard]] Result<Ran> run(std::string_view name, std::string_view input,
                                const std::stop_token& stop) override {
    const Program* const program = find(name);
    if (program == nullptr) {
      return make_error(ErrorCode::not_found, "the configuration has no program of that name");
    }
    COFFER_TRY(Pipe in, make_pipe());
    COFFER_TRY(Pipe out, make_pipe());
    COFFER_TRY(Pipe report, make_pipe());
    const Run order{static_cast<std::uint32_t>(program - programs_.data())};
    const int files[] = {in.reads.get(), out.writes.get(), report.writes.get()};
    {
      const MutexLock lock(mutex_);
      COFFER_CHECK(send_frame(socket_.get(), encode(order), files));
    }
    // Ours would keep the ends open that have to be seen closing.
    in.reads.close();
    out.writes.close();
    report.writes.close();
    Conversation conversation(std::move(in.writes), std::move(out.reads), std::move(report.reads),
                              input);
    return conversation.run(program->deadline + kGrace, stop);
  }

 private:
  const pid_t helper_;
  File socket_;
  const std::vector<Program> programs_;
  Mutex mutex_;
};

}  // namespace

Result<std::unique_ptr<Runner>> start_runner(const std::string& helper,
                                             const std::vector<Program>& programs) {
  int ends[2] = {};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return failed("socketpair");
  }
  File ours(ends[0]);
  File theirs(ends[1]);
  std::string words[] = {"coffer-exec", "--parent=" + std::to_string(::getpid())};
  char* arguments[] = {words[0].data(), words[1].data(), nullptr};
  const pid_t pid = ::fork();
  if (pid == 0) become_helper(theirs.get(), helper.c_str(), arguments);
  if (pid < 0) return failed("fork");
  theirs.close();
  auto runner = std::make_unique<ExecRunner>(pid, std::move(ours), programs);
  COFFER_CHECK(runner->settle());
  return std::unique_ptr<Runner>(std::move(runner));
}

}  // namespace coffer::programs
