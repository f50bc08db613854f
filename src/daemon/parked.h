// Requests that wait for a row of the store to change. They hold a connection and nothing else: no
// worker, no snapshot, no ticket. Whoever is woken is run from the start, as if it came just now.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/store/store.h"
#include "exchange.h"

namespace coffer::daemon {

/// Thread-safe.
class Parked final {
 public:
  using Job = std::unique_ptr<Exchange>;
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    std::size_t all = 1024;
    std::size_t per_uid = 64;
  };

  Parked() : Parked(Limits()) {}
  explicit Parked(const Limits& limits) : limits_(limits) {}

  enum class Place : std::uint8_t {
    kept,   ///< it waits; the job is taken
    again,  ///< run it once more: the row may have changed before anybody looked out for it
    full,   ///< too many wait, of this user or in all
    closed,
  };
  /// Comes twice for each wait: the first time the row is only looked out for, so that no change
  /// between a run and its wait is missed. `until` counts from the first.
  [[nodiscard]] Place park(const store::Key& row, Time until, Job& job) COFFER_EXCLUDES(mutex_);
  /// A job that won't wait after all, whatever it was told before.
  void forget(const Exchange& exchange) COFFER_EXCLUDES(mutex_);

  /// Those who wait for one of the rows that these wrote.
  [[nodiscard]] std::vector<Job> woken_by(std::span<const store::Transaction> committed)
      COFFER_EXCLUDES(mutex_);
  /// Those whose time is up.
  [[nodiscard]] std::vector<Job> late(Time now) COFFER_EXCLUDES(mutex_);
  /// Those whose client is gone. On the I/O thread.
  [[nodiscard]] std::vector<Job> gone() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Job> all() COFFER_EXCLUDES(mutex_);
  /// From now on nobody waits.
  void close() COFFER_EXCLUDES(mutex_);

  [[nodiscard]] std::size_t size() const COFFER_EXCLUDES(mutex_);

 private:
  struct Entry {
    const Exchange* owner;
    Job job;  ///< null while it is being run
    Time until;
    bool woken = false;  ///< the row changed while it was being run
  };
  using Entries = std::multimap<store::Key, Entry>;

  [[nodiscard]] Entries::iterator entry_of(const Exchange& exchange) COFFER_REQUIRES(mutex_);
  [[nodiscard]] Place look_out(const store::Key& row, Time until, const Exchange& exchange)
      COFFER_REQUIRES(mutex_);
  void erase(Entries::iterator entry) COFFER_REQUIRES(mutex_);
  template <typename Wanted>
  [[nodiscard]] std::vector<Job> take(Wanted wanted) COFFER_REQUIRES(mutex_);

  const Limits limits_;
  mutable Mutex mutex_;
  Entries entries_ COFFER_GUARDED_BY(mutex_);
  std::map<uid_t, std::size_t> by_uid_ COFFER_GUARDED_BY(mutex_);
  bool closed_ COFFER_GUARDED_BY(mutex_) = false;
};

}  // namespace coffer::daemon
