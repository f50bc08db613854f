#include "fair_queue.h"

namespace coffer::daemon {
namespace {

/// Users whose empty queues stay, so that a request costs no allocation.
constexpr std::size_t kKept = 16;

}  // namespace

void FairQueue::push(Job job) {
  const uid_t user = job->peer.uid;
  std::deque<Job>& own = waiting_[user];
  if (own.empty()) turns_.push_back(user);
  own.push_back(std::move(job));
  ++size_;
}

FairQueue::Job FairQueue::pop() {
  const uid_t user = turns_.front();
  turns_.pop_front();
  const auto own = waiting_.find(user);
  Job job = std::move(own->second.front());
  own->second.pop_front();
  --size_;
  if (!own->second.empty()) {
    turns_.push_back(user);
  } else if (waiting_.size() > kKept) {
    waiting_.erase(own);
  }
  return job;
}

}  // namespace coffer::daemon
