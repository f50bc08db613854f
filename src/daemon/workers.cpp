#include "workers.h"

namespace coffer::daemon {

Workers::Workers(std::size_t threads, std::size_t limit, std::function<void(Job)> run)
    : limit_(limit), run_(std::move(run)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

void Workers::stop() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Workers::submit(Job& job) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (queue_.size() >= limit_ || stop_) return false;
    queue_.push(std::move(job));
    wake = idle_ > 0;
  }
  if (wake) arrived_.notify_one();
  return true;
}

Workers::Job Workers::next() {
  const MutexLock lock(mutex_);
  while (queue_.empty() && !stop_) {
    ++idle_;
    arrived_.wait(mutex_);
    --idle_;
  }
  if (queue_.empty()) return nullptr;
  return queue_.pop();
}

void Workers::loop() {
  while (Job job = next()) run_(std::move(job));
}

}  // namespace coffer::daemon
