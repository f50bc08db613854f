#include "coffer/core/allowance.h"

#include <algorithm>

namespace coffer::core {
namespace {

/// Beyond this many, buckets that are full again are forgotten: they are what a new one is.
constexpr std::size_t kMany = 4096;

}  // namespace

std::uint64_t Allowance::filled(const Bucket& bucket, std::chrono::nanoseconds now) const {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - bucket.filled);
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(passed.count(), 0));
  // From empty to full takes so long at most: no product overflows.
  if (us / 1'000'000 >= limits_.burst / std::max<std::uint64_t>(limits_.per_second, 1) + 1) {
    return limits_.burst;
  }
  return std::min(limits_.burst, bucket.left + us * limits_.per_second / 1'000'000);
}

void Allowance::forget_full(std::chrono::nanoseconds now) {
  std::erase_if(buckets_,
                [&](const auto& entry) { return filled(entry.second, now) == limits_.burst; });
}

bool Allowance::take(std::string_view caller, std::uint64_t amount, std::chrono::nanoseconds now) {
  const MutexLock lock(mutex_);
  auto found = buckets_.find(caller);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMany) forget_full(now);
    found = buckets_.emplace(caller, Bucket{.left = limits_.burst, .filled = now}).first;
  }
  Bucket& bucket = found->second;
  const std::uint64_t left = filled(bucket, now);
  if (left < amount) return false;
  bucket = {.left = left - amount, .filled = now};
  return true;
}

}  // namespace coffer::core
