#include "session_pool.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

namespace coffer::pkcs11 {
namespace {

/// Between attempts when the token itself has no session left: others may be using it.
constexpr std::chrono::milliseconds kTokenFullPause{20};

}  // namespace

SessionPool::SessionPool(const Module& module, CK_SLOT_ID slot, std::size_t limit,
                         std::chrono::milliseconds patience)
    : module_(module), slot_(slot), limit_(std::max<std::size_t>(limit, 1)), patience_(patience) {
  idle_.reserve(limit_);
}

SessionPool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->give_back(std::move(session_));
}

SessionPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), session_(std::move(other.session_)) {}

Result<void> SessionPool::wait_for_place(Instant deadline) {
  while (idle_.empty() && leased_ >= limit_) {
    const Instant now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      return make_error(ErrorCode::resource_exhausted,
                        fmt::format("no token session came free within {} ms", patience_.count()),
                        fmt::format("all {} sessions in use", limit_));
    }
    free_.wait_for(mutex_, deadline - now);
  }
  return {};
}

Result<SessionPool::Lease> SessionPool::lease() {
  const Instant deadline = std::chrono::steady_clock::now() + patience_;
  while (true) {
    {
      const MutexLock lock(mutex_);
      COFFER_CHECK(wait_for_place(deadline));
      ++leased_;
      if (!idle_.empty() && module_.usable()) {
        // The latest first: those beneath may be closed by the token for idleness unnoticed.
        Session session = std::move(idle_.back());
        idle_.pop_back();
        return Lease(*this, std::move(session));
      }
    }
    Result<Session> opened = Session::open(module_, slot_, Access::read_only);
    if (opened.ok()) return Lease(*this, *std::move(opened));
    give_up_places(1);
    const bool token_full = opened.error().code == ErrorCode::resource_exhausted;
    if (!token_full || std::chrono::steady_clock::now() >= deadline) {
      return std::move(opened).error();
    }
    std::this_thread::sleep_for(kTokenFullPause);
  }
}

void SessionPool::give_back(Session session) {
  if (session.failure() != CKR_OK) {
    // Its place is free once it is closed, not before: the token counts sessions too.
    { const Session closed = std::move(session); }
    give_up_places(1);
    return;
  }
  {
    const MutexLock lock(mutex_);
    --leased_;
    idle_.push_back(std::move(session));
  }
  free_.notify_one();
}

void SessionPool::give_up_places(std::size_t count) {
  {
    const MutexLock lock(mutex_);
    leased_ -= count;
  }
  free_.notify_all();
}

void SessionPool::drop_idle() {
  std::vector<Session> dropped;
  {
    const MutexLock lock(mutex_);
    dropped.swap(idle_);
    idle_.reserve(limit_);
    leased_ += dropped.size();
  }
  const std::size_t count = dropped.size();
  dropped.clear();
  give_up_places(count);
}

}  // namespace coffer::pkcs11
