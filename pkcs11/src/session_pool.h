// Sessions kept open between operations, at most so many.
#pragma once

#include <chrono>
#include <vector>

#include "coffer/base/mutex.h"
#include "session.h"

namespace coffer::pkcs11 {

/// Thread-safe. Outlives its leases. No lock is held while the token is called.
class SessionPool final {
 public:
  /// At most `limit` read-only sessions; lease() waits for one no longer than `patience`.
  SessionPool(const Module& module, CK_SLOT_ID slot, std::size_t limit,
              std::chrono::milliseconds patience);

  /// A session for one thread. It goes back when the lease ends, unless a call failed: then it is
  /// closed.
  class Lease final {
   public:
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    [[nodiscard]] Session& session() noexcept { return session_; }

   private:
    friend class SessionPool;
    Lease(SessionPool& pool, Session session) noexcept
        : pool_(&pool), session_(std::move(session)) {}
    SessionPool* pool_;
    Session session_;
  };

  /// resource_exhausted if none came free in time; unavailable.
  [[nodiscard]] Result<Lease> lease();
  /// Closes what isn't leased: after one session died, the others most likely have too.
  void drop_idle();

 private:
  using Instant = std::chrono::steady_clock::time_point;
  Result<void> wait_for_place(Instant deadline) COFFER_REQUIRES(mutex_);
  void give_back(Session session);
  void give_up_places(std::size_t count);

  const Module& module_;
  const CK_SLOT_ID slot_;
  const std::size_t limit_;
  const std::chrono::milliseconds patience_;
  Mutex mutex_;
  CondVar free_;
  std::vector<Session> idle_ COFFER_GUARDED_BY(mutex_);
  /// Places taken by what isn't idle: leased, being opened, being closed.
  std::size_t leased_ COFFER_GUARDED_BY(mutex_) = 0;
};

}  // namespace coffer::pkcs11
