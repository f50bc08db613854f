// The calls that wait for a worker's answer, and who of the waiting threads reads the answers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/pkcs11/packet_socket.h"
#include "wake_signal.h"

namespace coffer::pkcs11 {

/// There is no reading thread: of the callers that wait, one reads for all, and hands that on when
/// its own answer has come. So a lone caller's answer takes no second thread to arrive.
/// Thread-safe.
class CallTable final {
 public:
  static constexpr std::size_t kMostCalls = 1024;

  CallTable(const PacketSocket& socket, SecureBytes buffer)
      : socket_(socket), buffer_(std::move(buffer)) {}

  class Waiter final {
   public:
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

   private:
    friend class CallTable;
    std::uint64_t id_ = 0;
    std::size_t place_ = 0;  ///< in waiting_
    WakeSignal signal_;
    std::optional<SecureBytes> answer_;
  };

  /// unavailable once dead; resource_exhausted. Give it back by finish().
  [[nodiscard]] Result<Waiter*> begin();
  /// Waits for the answer, the whole packet. After the deadline the table is dead.
  [[nodiscard]] Result<SecureBytes> await(Waiter& waiter, Instant deadline);
  void finish(Waiter& waiter);

  /// All calls fail with this, the first that is given, from now on.
  void die(const Error& why);
  [[nodiscard]] bool dead() const;

 private:
  enum class Turn { done, dead, read, sleep };
  Turn next_turn(Waiter& waiter);
  void read(const Waiter& own, Instant deadline);
  /// True: it was the reader's own.
  bool deliver(ByteView packet, const Waiter& own);
  void hand_on() COFFER_REQUIRES(mutex_);
  Error why_dead() COFFER_REQUIRES(mutex_);

  const PacketSocket& socket_;
  SecureBytes buffer_;  ///< the reader's alone
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Waiter>> all_ COFFER_GUARDED_BY(mutex_);
  std::vector<Waiter*> free_ COFFER_GUARDED_BY(mutex_);
  std::vector<Waiter*> waiting_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t next_id_ COFFER_GUARDED_BY(mutex_) = 1;
  bool reading_ COFFER_GUARDED_BY(mutex_) = false;
  std::optional<Error> death_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::pkcs11
