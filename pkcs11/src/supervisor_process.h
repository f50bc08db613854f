// The supervisor's process, and the one conversation with it.
#pragma once

#include <sys/types.h>

#include <atomic>

#include "coffer/base/mutex.h"
#include "coffer/pkcs11/packet_socket.h"
#include "coffer/pkcs11/supervisor_protocol.h"

namespace coffer::pkcs11 {

/// Thread-safe once started.
class SupervisorProcess final {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SupervisorProcess>> start(const std::string& program);
  ~SupervisorProcess();
  SupervisorProcess(const SupervisorProcess&) = delete;
  SupervisorProcess& operator=(const SupervisorProcess&) = delete;

  struct Answer {
    Bytes body;
    FileDescriptor file;
  };
  /// One at a time. `unavailable`: it is gone, or didn't answer in time.
  [[nodiscard]] Result<Answer> ask(const Order& order, std::chrono::milliseconds patience,
                                   int file = -1);
  /// Sends what isn't answered, and waits for nothing.
  void tell(const Order& order);

 private:
  SupervisorProcess(pid_t pid, PacketSocket socket) noexcept
      : pid_(pid), socket_(std::move(socket)) {}
  const pid_t pid_;
  const PacketSocket socket_;
  std::atomic<std::uint64_t> next_id_{1};
  Mutex mutex_;
};

}  // namespace coffer::pkcs11
