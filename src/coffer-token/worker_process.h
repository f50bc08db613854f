// One worker as its supervisor sees it: a process and a socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "coffer/pkcs11/packet_socket.h"
#include "coffer/pkcs11/supervisor_protocol.h"

namespace coffer::token_process {

/// Killed when it goes. For the supervisor's one thread.
class WorkerProcess final {
 public:
  /// The same program, with the supervisor's environment less what is the daemon's, and more.
  [[nodiscard]] static Result<WorkerProcess> start(pkcs11::Confinement confinement,
                                                   const std::vector<std::string>& environment);
  ~WorkerProcess();
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Ours to speak to until it is given away.
  [[nodiscard]] pkcs11::PacketSocket& socket() noexcept { return socket_; }

  /// SIGKILL, and waits for the end, at most two seconds: false if it is still there then, as a
  /// process is that hangs in the kernel (state D).
  [[nodiscard]] bool kill();
  /// Whether it has ended; then it was waited for. Says in the log how, unless we killed it.
  [[nodiscard]] bool ended();
  /// Readable once it has ended.
  [[nodiscard]] int watch() const noexcept { return watch_.get(); }

 private:
  WorkerProcess(pid_t pid, pkcs11::FileDescriptor watch, pkcs11::PacketSocket socket) noexcept;
  pid_t pid_ = -1;  ///< -1: waited for
  bool killed_ = false;
  pkcs11::FileDescriptor watch_;
  pkcs11::PacketSocket socket_;
};

}  // namespace coffer::token_process
