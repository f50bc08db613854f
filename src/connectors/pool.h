// The connections of one target: a bounded number, kept for the next one who needs one; and room
// for logins of their own beside them, so that all together are never more than kMostConnections. A
// Connection has alive(): no I/O that blocks, false if it is closed or something unexpected waits
// to be read; and reusable(): false once its session isn't as it was opened. It may have
// is_of_old(): none of those that are kept is any better.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/base/result.h"
#include "coffer/connectors/target.h"
#include "deadline.h"

namespace coffer::connectors {

/// What failed before anything was sent that changes anything.
[[nodiscard]] inline Error not_sent(Error error) {
  if (error.code == ErrorCode::unavailable) error.code = ErrorCode::resource_exhausted;
  return error;
}

/// No connection came back for so long while others wait: the server hangs. Who comes then, and who
/// waits already, is told so at once, for each holds up a thread that other databases need.
inline constexpr std::chrono::milliseconds kHangs{3000};

template <typename Connection>
class Pool final {
 public:
  using Open = std::function<Result<std::unique_ptr<Connection>>()>;
  Pool(std::size_t most, Open open, std::chrono::milliseconds hangs = kHangs)
      : open_(std::move(open)), most_(most), hangs_(hangs) {}

  /// One connection of the pool for as long as this lives. Goes back unless it was spoilt.
  class Lent final {
   public:
    Lent(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lent(Lent&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lent& operator=(Lent&&) = delete;
    ~Lent() {
      if (pool_ != nullptr) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }
    /// Nobody knows in what state it is: it is closed instead.
    void spoil() noexcept { connection_.reset(); }

   private:
    friend class Pool;
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// Room for one connection that isn't the pool's. Nobody who has one of the pool's may wait for
  /// it: all might.
  class Room final {
   public:
    explicit Room(Pool& pool) : pool_(&pool) {}
    Room(Room&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Room& operator=(Room&&) = delete;
    ~Room() {
      if (pool_ != nullptr) pool_->leave();
    }

   private:
    Pool* pool_;
  };

  /// Closes one that is kept, if there is no room otherwise. unavailable: none until the deadline.
  [[nodiscard]] Result<Room> room(Deadline deadline) COFFER_EXCLUDES(mutex_) {
    std::unique_ptr<Connection> closed;  // outside of the lock, and before the room is used
    const MutexLock lock(mutex_);
    COFFER_CHECK(wait_for_room(deadline, kMostConnections));
    ++apart_;
    moved_ = std::chrono::steady_clock::now();
    if (lent_ + kept_.size() + apart_ > kMostConnections) {
      closed = std::move(kept_.back());
      kept_.pop_back();
    }
    return Room(*this);
  }

  /// unavailable if none is free until the deadline, or if the server hangs.
  [[nodiscard]] Result<Lent> take(Deadline deadline) COFFER_EXCLUDES(mutex_) {
    COFFER_TRY(std::unique_ptr<Connection> kept, wait(deadline));
    Lent lent(*this, std::move(kept));
    if (lent.connection_ != nullptr && lent->alive()) return lent;
    if (lent.connection_ != nullptr) {
      lent.spoil();
      drop_kept();  // a server that closed one has closed them all
    }
    COFFER_TRY(lent.connection_, open_());
    return lent;
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<Connection>> wait(Deadline deadline)
      COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    COFFER_CHECK(wait_for_room(deadline, most_));
    ++lent_;
    moved_ = std::chrono::steady_clock::now();
    std::unique_ptr<Connection> kept;
    if (!kept_.empty()) {
      kept = std::move(kept_.back());
      kept_.pop_back();
    }
    return kept;
  }

  /// With fewer than so many lent. What is kept is closed for whoever needs its room.
  [[nodiscard]] bool is_room(std::size_t most_lent) const COFFER_REQUIRES(mutex_) {
    return lent_ < most_lent && lent_ + apart_ < kMostConnections;
  }

  [[nodiscard]] Result<void> wait_for_room(Deadline deadline, std::size_t most_lent)
      COFFER_REQUIRES(mutex_) {
    while (!is_room(most_lent)) {
      const std::chrono::milliseconds left(milliseconds_until(deadline));
      if (left.count() == 0) {
        return make_error(ErrorCode::unavailable, "all connections to the database are busy");
      }
      const auto still = std::chrono::ceil<std::chrono::milliseconds>(
          moved_ + hangs_ - std::chrono::steady_clock::now());
      if (still.count() <= 0) {
        return make_error(ErrorCode::unavailable,
                          "the database doesn't answer, and all its connections wait for it");
      }
      returned_.wait_for(mutex_, std::min(left, still));
    }
    return {};
  }

  [[nodiscard]] static bool is_of_old(const Connection& connection) noexcept {
    if constexpr (requires { connection.is_of_old(); }) {
      return connection.is_of_old();
    } else {
      return false;
    }
  }

  void leave() noexcept COFFER_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    --apart_;
    moved_ = std::chrono::steady_clock::now();
    returned_.notify_all();
  }

  void drop_kept() COFFER_EXCLUDES(mutex_) {
    std::vector<std::unique_ptr<Connection>> dropped;
    const MutexLock lock(mutex_);
    dropped.swap(kept_);
  }

  void give_back(std::unique_ptr<Connection> connection) noexcept COFFER_EXCLUDES(mutex_) {
    // Closing may take a moment: not under the lock.
    std::vector<std::unique_ptr<Connection>> dropped;
    const bool all = connection != nullptr && is_of_old(*connection);
    if (connection != nullptr && !connection->reusable()) connection.reset();
    const MutexLock lock(mutex_);
    if (all) dropped.swap(kept_);
    --lent_;
    moved_ = std::chrono::steady_clock::now();
    if (connection != nullptr) kept_.push_back(std::move(connection));
    returned_.notify_all();  // those who wait wait for different things
  }

  const Open open_;
  const std::size_t most_;
  const std::chrono::milliseconds hangs_;
  Mutex mutex_;
  CondVar returned_;
  std::size_t lent_ COFFER_GUARDED_BY(mutex_) = 0;
  /// When one was lent or came back.
  std::chrono::steady_clock::time_point moved_ COFFER_GUARDED_BY(mutex_);
  std::size_t apart_ COFFER_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> kept_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::connectors
