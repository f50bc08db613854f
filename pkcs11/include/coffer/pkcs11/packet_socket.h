// One end of a socket pair that keeps the bounds of messages (unix(7), SOCK_SEQPACKET): between the
// daemon, the supervisor and the worker. docs/formats/worker-protocol.md.
#pragma once

#include <chrono>
#include <span>
#include <utility>

#include "coffer/base/bytes.h"

namespace coffer::pkcs11 {

/// A file descriptor that is closed when it goes.
class FileDescriptor final {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool open() const noexcept { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_ = -1;
};

using Instant = std::chrono::steady_clock::time_point;

/// Bytes of the longest message, either way.
inline constexpr std::size_t kMaxPacket = std::size_t{64} << 10U;

/// Thread-safe: many may send and many receive at once, each message goes to one of them. Errors
/// are `unavailable` (closed, or not in time) and `corrupt` (longer than the buffer).
class PacketSocket final {
 public:
  PacketSocket() noexcept = default;
  explicit PacketSocket(FileDescriptor file) noexcept : file_(std::move(file)) {}
  /// Both ends close on exec.
  [[nodiscard]] static Result<std::pair<PacketSocket, PacketSocket>> pair();

  /// One message out of at most four parts, and with it a file descriptor unless `file` is
  /// negative.
  [[nodiscard]] Result<void> send(std::span<const ByteView> parts, Instant deadline,
                                  int file = -1) const;
  /// The size of the message; 0: the other end is closed. A descriptor that came along goes to
  /// `file`, or is closed if nobody asks for one.
  [[nodiscard]] Result<std::size_t> receive(MutableByteView buffer, Instant deadline,
                                            FileDescriptor* file = nullptr) const;
  /// Without a deadline, for a thread that has nothing else to do.
  [[nodiscard]] Result<std::size_t> receive(MutableByteView buffer) const;

  /// Both ends see the end from now on; threads in receive() come back.
  void shut() const noexcept;
  /// Whether the other end is gone. Doesn't wait.
  [[nodiscard]] bool hung_up() const noexcept;
  [[nodiscard]] int file() const noexcept { return file_.get(); }
  [[nodiscard]] bool open() const noexcept { return file_.open(); }

 private:
  FileDescriptor file_;
};

}  // namespace coffer::pkcs11
