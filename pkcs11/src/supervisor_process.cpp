#include "supervisor_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "coffer/pkcs11/module_file.h"

namespace coffer::pkcs11 {
namespace {

constexpr int kSocket = 3;
constexpr int kExecFailed = 127;
constexpr int kEndPatienceMs = 3000;

Error failed(std::string_view call) {
  return make_error(ErrorCode::unavailable, "cannot start the token's supervisor",
                    std::string(call) + ": " + std::strerror(errno));
}

/// In the child, which may be one of several threads' process: nothing but system calls.
[[noreturn]] void become_supervisor(int socket, const char* program, char* const* arguments) {
  if (socket == kSocket) {
    ::fcntl(socket, F_SETFD, 0);
  } else {
    ::dup2(socket, kSocket);
  }
  ::execve(program, arguments, environ);
  ::_exit(kExecFailed);
}

Error gone(std::string_view cause) {
  return make_error(ErrorCode::unavailable,
                    "the token's supervisor is gone: cofferd has to be restarted", cause);
}

}  // namespace

Result<std::unique_ptr<SupervisorProcess>> SupervisorProcess::start(const std::string& program) {
  COFFER_TRY(std::string file, check_module_file(program));
  COFFER_TRY(auto ends, PacketSocket::pair());
  std::string words[] = {"coffer-token", "supervise", "--parent=" + std::to_string(::getpid())};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const pid_t pid = ::fork();
  if (pid == 0) become_supervisor(ends.second.file(), file.c_str(), arguments);
  if (pid < 0) return failed("fork");
  return std::unique_ptr<SupervisorProcess>(new SupervisorProcess(pid, std::move(ends.first)));
}

/// It ends by itself once our end is closed. If it doesn't, it is told once more; as another user's
/// it may be out of our reach, and then it is left.
SupervisorProcess::~SupervisorProcess() {
  socket_.shut();
  const FileDescriptor watch(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd watched{watch.get(), POLLIN, 0};
  if (watch.open() && ::poll(&watched, 1, kEndPatienceMs) == 0) ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, WNOHANG);
}

Result<SupervisorProcess::Answer> SupervisorProcess::ask(const Order& order,
                                                         std::chrono::milliseconds patience,
                                                         int file) {
  const MutexLock lock(mutex_);
  const Instant deadline = std::chrono::steady_clock::now() + patience;
  const std::uint64_t id = next_id_++;
  COFFER_TRY(const Parts parts, encode(SupervisorRequest{id, order}));
  if (const auto sent = socket_.send(parts.all(), deadline, file); !sent.ok()) {
    return gone(sent.error().cause);
  }
  Bytes room(kMaxPacket);
  for (;;) {
    Answer answer;
    COFFER_TRY(const std::size_t size, socket_.receive(room, deadline, &answer.file));
    if (size == 0) return gone("end of its socket");
    COFFER_TRY(const Reply reply, decode_reply(ByteView(room).first(size)));
    // What came too late for whoever asked it; a worker's socket that came along is closed here.
    if (reply.id != id) continue;
    if (reply.error) return *reply.error;
    answer.body = to_bytes(reply.body);
    return answer;
  }
}

void SupervisorProcess::tell(const Order& order) {
  const Result<Parts> parts = encode(SupervisorRequest{next_id_++, order});
  if (!parts.ok()) return;
  static_cast<void>(socket_.send(parts->all(), std::chrono::steady_clock::now()).ok());
}

}  // namespace coffer::pkcs11
