#include "content_key_cache.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace coffer::envelope {

// Record ids are random: whoever makes others up only finds nothing.
std::size_t ContentKeyCache::Hash::operator()(const Uuid& id) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, id.bytes.data() + 8, sizeof(hash));
  return hash;
}

bool ContentKeyCache::enabled() const noexcept { return config_.entries > 0 && max_age_ > 0; }

bool ContentKeyCache::usable() const { return !config_.usable || config_.usable(); }

bool ContentKeyCache::too_old(const Entry& entry) const {
  return clock_.boottime() - entry.unwrapped_at >= std::chrono::seconds(max_age_);
}

ContentKeyCache::Entries::iterator ContentKeyCache::drop(Entries::iterator entry) {
  index_.erase(entry->record);
  return entries_.erase(entry);
}

SharedContentKey ContentKeyCache::find(const Uuid& record) {
  if (!enabled() || !usable()) return nullptr;
  const MutexLock lock(mutex_);
  const auto found = index_.find(record);
  if (found == index_.end()) return nullptr;
  if (too_old(*found->second)) {
    drop(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->key;
}

std::uint64_t ContentKeyCache::generation() const {
  const MutexLock lock(mutex_);
  return generation_;
}

void ContentKeyCache::put(const Uuid& record, SharedContentKey key, std::uint64_t generation) {
  if (!enabled() || !usable()) return;
  const MutexLock lock(mutex_);
  if (generation != generation_ || forgotten(record)) return;
  if (const auto found = index_.find(record); found != index_.end()) drop(found->second);
  if (entries_.size() >= config_.entries) drop(std::prev(entries_.end()));
  entries_.push_front({record, std::move(key), clock_.boottime()});
  index_.emplace(record, entries_.begin());
}

void ContentKeyCache::replace(const Uuid& record, SharedContentKey key) {
  const MutexLock lock(mutex_);
  const auto found = index_.find(record);
  if (found != index_.end()) found->second->key = std::move(key);
}

bool ContentKeyCache::forgotten(const Uuid& record) const {
  return std::find(forgotten_.begin(), forgotten_.end(), record) != forgotten_.end();
}

void ContentKeyCache::forget(const Uuid& record) {
  if (!enabled()) return;
  const MutexLock lock(mutex_);
  if (const auto found = index_.find(record); found != index_.end()) drop(found->second);
  forgotten_[next_forgotten_] = record;
  next_forgotten_ = (next_forgotten_ + 1) % kForgotten;
}

void ContentKeyCache::purge() {
  const MutexLock lock(mutex_);
  index_.clear();
  entries_.clear();
  ++generation_;
}

void ContentKeyCache::set_max_age(std::chrono::seconds max_age) {
  max_age_ = max_age.count();
  sweep();
}

void ContentKeyCache::sweep() {
  if (!usable()) return purge();
  const MutexLock lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    entry = too_old(*entry) ? drop(entry) : std::next(entry);
  }
}

std::size_t ContentKeyCache::size() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace coffer::envelope
