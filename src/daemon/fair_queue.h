// Requests that wait for a worker, by who sent them.
#pragma once

#include <sys/types.h>

#include <deque>
#include <memory>
#include <unordered_map>

#include "exchange.h"

namespace coffer::daemon {

/// First in, first out for each user; users take turns. So a user who floods the daemon waits
/// behind his own requests, and anybody else behind one of his for each that is taken. Not
/// thread-safe.
class FairQueue final {
 public:
  using Job = std::unique_ptr<Exchange>;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  void push(Job job);
  /// Precondition: not empty.
  [[nodiscard]] Job pop();

 private:
  std::unordered_map<uid_t, std::deque<Job>> waiting_;  ///< a few empty ones are kept
  std::deque<uid_t> turns_;                             ///< each user with something waiting, once
  std::size_t size_ = 0;
};

}  // namespace coffer::daemon
