// The connections of one target: a bounded number, kept for the next one who needs one; and room
// for logins of their own beside them, so that all together are never more than kMostConnections.
// Pools that share their Seats, as those of one database's targets of before and after a change of
// its configuration do, are never more together than one alone. A Connection has alive(): no I/O
// that blocks, false if it is closed or something unexpected waits to be read; and reusable():
// false once its session isn't as it was opened. It may have is_of_old(): none of those that are
// kept is any better.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
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

/// Held for as long as a connection is open. Ends outside of the lock.
class Seat final {
 public:
  Seat() = default;
  /// Under the lock.
  explicit Seat(Seats& seats);
  Seat(Seat&& other) noexcept : seats_(std::exchange(other.seats_, nullptr)) {}
  Seat& operator=(Seat&& other) noexcept {
    std::swap(seats_, other.seats_);
    return *this;
  }
  ~Seat();

 private:
  Seats* seats_ = nullptr;
};

/// The lock of the pools that share it, and what is theirs together, under that lock: not
/// annotated, for each Pool knows it by a name of its own.
struct Seats final {
  struct Kept {
    const void* pool;  ///< whose it is: others may only close it, for its seat
    Seat seat;
    std::shared_ptr<void> connection;
  };
  Mutex mutex;
  CondVar moved_on;
  std::chrono::steady_clock::time_point moved;  ///< when a connection was lent or came back
  std::size_t taken = 0;
  std::vector<Kept> kept;  ///< the longest kept first
};

inline Seat::Seat(Seats& seats) : seats_(&seats) { ++seats.taken; }

inline Seat::~Seat() {
  if (seats_ == nullptr) return;
  const MutexLock lock(seats_->mutex);
  --seats_->taken;
  seats_->moved_on.notify_all();
}

template <typename Connection>
class Pool final {
 public:
  using Open = std::function<Result<std::unique_ptr<Connection>>()>;
  /// `seats`: empty for its own.
  Pool(std::size_t most, Open open, std::shared_ptr<Seats> seats = nullptr,
       std::chrono::milliseconds hangs = kHangs)
      : open_(std::move(open)),
        most_(most),
        hangs_(hangs),
        seats_(seats != nullptr ? std::move(seats) : std::make_shared<Seats>()) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { drop_kept(); }

  /// An open connection, and its seat, which goes after it.
  struct Held {
    Seat seat;
    std::shared_ptr<Connection> connection;
  };

  /// One connection of the pool for as long as this lives. Goes back unless it was spoilt.
  class Lent final {
   public:
    Lent(Pool& pool, Held held) : pool_(&pool), held_(std::move(held)) {}
    Lent(Lent&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), held_(std::move(other.held_)) {}
    Lent& operator=(Lent&&) = delete;
    ~Lent() {
      if (pool_ != nullptr) pool_->give_back(std::move(held_));
    }
    Connection& operator*() const noexcept { return *held_.connection; }
    Connection* operator->() const noexcept { return held_.connection.get(); }
    /// Nobody knows in what state it is: it is closed instead.
    void spoil() noexcept { held_.connection.reset(); }

   private:
    friend class Pool;
    Pool* pool_;
    Held held_;
  };

  /// Room for one connection that isn't the pool's. Nobody who has one of the pool's may wait for
  /// it: all might.
  class Room final {
   public:
    explicit Room(Pool& pool) : pool_(&pool) {}
    Room(Room&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), seat_(std::move(other.seat_)) {}
    Room& operator=(Room&&) = delete;
    ~Room() {
      if (pool_ != nullptr) pool_->leave();
    }

   private:
    friend class Pool;
    Pool* pool_;
    Seat seat_;
  };

  /// Closes one that is kept, if there is no room otherwise. unavailable: none until the deadline.
  [[nodiscard]] Result<Room> room(Deadline deadline) COFFER_EXCLUDES(mutex_) {
    std::shared_ptr<void> closed;  // outside of the lock, and before the room is used
    const MutexLock lock(mutex_);
    COFFER_CHECK(wait_for_room(deadline, kMostConnections));
    Room room(*this);
    room.seat_ = take_seat(closed);
    ++apart_;
    set_moved();
    return room;
  }

  /// unavailable if none is free until the deadline, or if the server hangs.
  [[nodiscard]] Result<Lent> take(Deadline deadline) COFFER_EXCLUDES(mutex_) {
    COFFER_TRY(Held held, wait(deadline));
    Lent lent(*this, std::move(held));
    if (lent.held_.connection != nullptr && lent->alive()) return lent;
    if (lent.held_.connection != nullptr) {
      lent.spoil();
      drop_kept();  // a server that closed one has closed them all
    }
    COFFER_TRY(lent.held_.connection, open_());
    return lent;
  }

  /// Another takes its place: none is kept any more, now and when it comes back.
  void retire() COFFER_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      retired_ = true;
    }
    drop_kept();
  }

 private:
  using Dropped = std::vector<Seats::Kept>;

  [[nodiscard]] Result<Held> wait(Deadline deadline) COFFER_EXCLUDES(mutex_) {
    std::shared_ptr<void> closed;
    const MutexLock lock(mutex_);
    COFFER_CHECK(wait_for_room(deadline, most_));
    ++lent_;
    set_moved();
    auto& kept = seats_->kept;
    const auto own = std::find_if(kept.rbegin(), kept.rend(), is_own());
    if (own == kept.rend()) return Held{take_seat(closed), nullptr};
    Held held{std::move(own->seat), std::static_pointer_cast<Connection>(own->connection)};
    kept.erase(std::next(own).base());
    return held;
  }

  /// There is one (is_room()), or one that is kept gives its own up.
  [[nodiscard]] Seat take_seat(std::shared_ptr<void>& closed) COFFER_REQUIRES(mutex_) {
    if (!is_full()) return Seat(*seats_);
    auto& kept = seats_->kept;
    closed = std::move(kept.front().connection);
    Seat seat = std::move(kept.front().seat);
    kept.erase(kept.begin());
    return seat;
  }

  [[nodiscard]] auto is_own() const {
    return [this](const Seats::Kept& kept) { return kept.pool == this; };
  }
  void set_moved() COFFER_REQUIRES(mutex_) { seats_->moved = std::chrono::steady_clock::now(); }
  [[nodiscard]] bool is_full() const COFFER_REQUIRES(mutex_) {
    return seats_->taken >= kMostConnections;
  }

  /// With fewer than so many lent. What is kept is closed for whoever needs its room.
  [[nodiscard]] bool is_room(std::size_t most_lent) const COFFER_REQUIRES(mutex_) {
    return lent_ < most_lent && lent_ + apart_ < kMostConnections &&
           (!is_full() || !seats_->kept.empty());
  }

  [[nodiscard]] Result<void> wait_for_room(Deadline deadline, std::size_t most_lent)
      COFFER_REQUIRES(mutex_) {
    while (!is_room(most_lent)) {
      const std::chrono::milliseconds left(milliseconds_until(deadline));
      if (left.count() == 0) {
        return make_error(ErrorCode::unavailable, "all connections to the database are busy");
      }
      const auto still = std::chrono::ceil<std::chrono::milliseconds>(
          seats_->moved + hangs_ - std::chrono::steady_clock::now());
      if (still.count() <= 0) {
        return make_error(ErrorCode::unavailable,
                          "the database doesn't answer, and all its connections wait for it");
      }
      seats_->moved_on.wait_for(mutex_, std::min(left, still));
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
    set_moved();
    seats_->moved_on.notify_all();
  }

  void drop_kept() COFFER_EXCLUDES(mutex_) {
    Dropped dropped;
    const MutexLock lock(mutex_);
    move_kept_to(dropped);
  }

  void move_kept_to(Dropped& dropped) COFFER_REQUIRES(mutex_) {
    auto& kept = seats_->kept;
    const auto others = std::stable_partition(kept.begin(), kept.end(), std::not_fn(is_own()));
    std::move(others, kept.end(), std::back_inserter(dropped));
    kept.erase(others, kept.end());
  }

  void give_back(Held held) noexcept COFFER_EXCLUDES(mutex_) {
    // Closing may take a moment: not under the lock.
    Dropped dropped;
    const bool all = held.connection != nullptr && is_of_old(*held.connection);
    if (held.connection != nullptr && !held.connection->reusable()) held.connection.reset();
    const MutexLock lock(mutex_);
    if (all) move_kept_to(dropped);
    --lent_;
    set_moved();
    if (held.connection != nullptr && !retired_) {
      seats_->kept.push_back({this, std::move(held.seat), std::move(held.connection)});
    }
    seats_->moved_on.notify_all();  // those who wait wait for different things
  }

  const Open open_;
  const std::size_t most_;
  const std::chrono::milliseconds hangs_;
  const std::shared_ptr<Seats> seats_;
  Mutex& mutex_ = seats_->mutex;
  std::size_t lent_ COFFER_GUARDED_BY(mutex_) = 0;
  std::size_t apart_ COFFER_GUARDED_BY(mutex_) = 0;
  bool retired_ COFFER_GUARDED_BY(mutex_) = false;
};

}  // namespace coffer::connectors
