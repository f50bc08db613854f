// Answers to requests that came without anybody we know: a user may have so many a second, and what
// is over waits. An answer that says no costs nearly as much as one that says yes, so a user who
// only guesses would otherwise take half of the machine from everyone else, and fill the audit log.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "exchange.h"

namespace coffer::daemon {

/// A bucket of answers for each uid. A connection has one request at a time, so what waits here is
/// bounded by the connections of a user, and each that waits sends no more meanwhile. Not
/// thread-safe.
class Strangers final {
 public:
  using Job = std::unique_ptr<Exchange>;
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kPerSecond = 256;
  static constexpr std::size_t kAtOnce = 256;  ///< after a second of silence

  /// Gives the answer back if it may go now; else keeps it.
  [[nodiscard]] Job admit(Job job, Time now);
  /// Those that may go now, a user's oldest first.
  [[nodiscard]] std::vector<Job> due(Time now);
  [[nodiscard]] bool empty() const noexcept { return waiting_ == 0; }

 private:
  struct Bucket {
    std::size_t left = kAtOnce;
    Time filled;  ///< when `left` was right
    std::deque<Job> waiting{};
  };
  static void fill(Bucket& bucket, Time now);

  std::unordered_map<uid_t, Bucket> buckets_;  ///< of users that asked within the last second
  std::size_t waiting_ = 0;
};

}  // namespace coffer::daemon
