// Threads that run blocking code, fed from a bounded queue in which users take turns.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "coffer/base/mutex.h"
#include "fair_queue.h"

namespace coffer::daemon {

class Workers final {
 public:
  using Job = std::unique_ptr<Exchange>;
  /// `run` is called on `threads` threads at once.
  Workers(std::size_t threads, std::size_t limit, std::function<void(Job)> run);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False, and `job` untouched: the queue is full, which means 503.
  [[nodiscard]] bool submit(Job& job) COFFER_EXCLUDES(mutex_);
  /// Finishes what is queued and takes no more. Idempotent.
  void stop() COFFER_EXCLUDES(mutex_);

 private:
  void loop();
  [[nodiscard]] Job next() COFFER_EXCLUDES(mutex_);

  const std::size_t limit_;
  const std::function<void(Job)> run_;
  Mutex mutex_;
  CondVar arrived_;
  FairQueue queue_ COFFER_GUARDED_BY(mutex_);
  std::size_t idle_ COFFER_GUARDED_BY(mutex_) = 0;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace coffer::daemon
