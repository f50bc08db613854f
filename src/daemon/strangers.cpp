#include "strangers.h"

#include <algorithm>

namespace coffer::daemon {
namespace {

using Nanoseconds = std::chrono::nanoseconds;
constexpr Nanoseconds kEach = Nanoseconds(std::chrono::seconds(1)) / Strangers::kPerSecond;

}  // namespace

/// Moves `filled` by whole answers only, so that no part of one is lost.
void Strangers::fill(Bucket& bucket, Time now) {
  const auto more =
      static_cast<std::size_t>(std::max<Nanoseconds::rep>((now - bucket.filled) / kEach, 0));
  if (more >= kAtOnce - bucket.left) {
    bucket.left = kAtOnce;
    bucket.filled = now;
    return;
  }
  bucket.left += more;
  bucket.filled += kEach * static_cast<Nanoseconds::rep>(more);
}

Strangers::Job Strangers::admit(Job job, Time now) {
  Bucket& bucket = buckets_.try_emplace(job->peer.uid, Bucket{.filled = now}).first->second;
  fill(bucket, now);
  if (bucket.left > 0 && bucket.waiting.empty()) {
    --bucket.left;
    return job;
  }
  bucket.waiting.push_back(std::move(job));
  ++waiting_;
  return nullptr;
}

std::vector<Strangers::Job> Strangers::due(Time now) {
  std::vector<Job> found;
  for (auto user = buckets_.begin(); user != buckets_.end();) {
    Bucket& bucket = user->second;
    fill(bucket, now);
    while (bucket.left > 0 && !bucket.waiting.empty()) {
      --bucket.left;
      found.push_back(std::move(bucket.waiting.front()));
      bucket.waiting.pop_front();
    }
    user = bucket.left == kAtOnce ? buckets_.erase(user) : std::next(user);
  }
  waiting_ -= found.size();
  return found;
}

}  // namespace coffer::daemon
