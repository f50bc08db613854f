#include "row_cache.h"

#include <algorithm>
#include <iterator>
#include <new>

namespace coffer::store {
namespace {

/// List node, map node and bucket, beside the bytes themselves.
constexpr std::size_t kOverhead = 192;
/// Copying a larger row under the lock would hold up other readers.
constexpr std::size_t kMaxRow = std::size_t{64} << 10U;

std::size_t cost(std::string_view key, std::string_view value) {
  return kOverhead + key.size() + value.size();
}

}  // namespace

RowCache::Found RowCache::get(const Key& key) {
  if (max_bytes_ == 0) return {std::nullopt, sequence()};
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {std::nullopt, sequence()};
  entries_.splice(entries_.begin(), entries_, found->second);
  return {found->second->row, sequence()};
}

RowCache::FoundVersion RowCache::find_version(const Key& key) {
  if (max_bytes_ == 0) return {std::nullopt, sequence()};
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {std::nullopt, sequence()};
  entries_.splice(entries_.begin(), entries_, found->second);
  return {found->second->row.version, sequence()};
}

std::optional<RowVersion> RowCache::version(std::string_view key) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second->row.version;
}

std::optional<Row> RowCache::row(std::string_view key) {
  const MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second->row;
}

void RowCache::insert(const Key& key, const Row& row, std::uint64_t read_at) {
  if (!fits(cost(key, row.value)) || read_at != sequence()) return;
  // Outside the lock: allocating is the slow part.
  Entries made;
  try {
    made.push_back({key, row});
  } catch (const std::bad_alloc&) {
    return;
  }
  const MutexLock lock(mutex_);
  if (read_at != sequence() || by_key_.contains(key)) return;
  try {
    by_key_.emplace(made.front().key, made.begin());
  } catch (const std::bad_alloc&) {
    return;
  }
  entries_.splice(entries_.begin(), made);
  bytes_ += cost(key, row.value);
  shrink();
}

void RowCache::publish(std::uint64_t sequence, const Changes& changes) noexcept {
  const MutexLock lock(mutex_);
  for (const auto& [key, value] : changes) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) continue;
    if (value->has_value() && fits(cost(key, **value))) {
      replace(found->second, **value, sequence);
    } else {
      remove(found->second);
    }
  }
  shrink();
  sequence_.store(sequence);
}

std::size_t RowCache::bytes() {
  const MutexLock lock(mutex_);
  return bytes_;
}

bool RowCache::fits(std::size_t size) const noexcept {
  return size <= std::min(max_bytes_, kMaxRow);
}

void RowCache::replace(Entries::iterator entry, const std::string& value,
                       RowVersion version) noexcept {
  const std::size_t before = entry->row.value.size();
  try {
    entry->row.value = std::string(value);  // not assigned: that keeps a larger capacity
  } catch (const std::bad_alloc&) {
    // The commit stands already, so this can't fail: forget the row instead.
    remove(entry);
    return;
  }
  entry->row.version = version;
  bytes_ = bytes_ - before + value.size();
}

void RowCache::remove(Entries::iterator entry) noexcept {
  bytes_ -= cost(entry->key, entry->row.value);
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

void RowCache::shrink() noexcept {
  while (bytes_ > max_bytes_) remove(std::prev(entries_.end()));
}

}  // namespace coffer::store
