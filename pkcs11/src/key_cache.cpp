#include "key_cache.h"

namespace coffer::pkcs11 {

std::shared_ptr<const Key> KeyCache::find(KeyRole role, const Bytes& id) const {
  const MutexLock lock(mutex_);
  const auto found = keys_.find(Name(role, id));
  return found == keys_.end() ? nullptr : found->second;
}

std::uint64_t KeyCache::epoch() const {
  const MutexLock lock(mutex_);
  return epoch_;
}

void KeyCache::enter(KeyRole role, const Bytes& id, std::shared_ptr<const Key> key,
                     std::uint64_t epoch) {
  const MutexLock lock(mutex_);
  Name name(role, id);
  known_.insert(name);
  if (epoch == epoch_) keys_[std::move(name)] = std::move(key);
}

void KeyCache::forget(KeyRole role, const Bytes& id) {
  const MutexLock lock(mutex_);
  // A look-up that is under way may have read the attributes that are in doubt now.
  ++epoch_;
  keys_.erase(Name(role, id));
}

void KeyCache::forget_all() {
  const MutexLock lock(mutex_);
  ++epoch_;
  keys_.clear();
}

void KeyCache::forget_for_good(KeyRole role, const Bytes& id) {
  const MutexLock lock(mutex_);
  ++epoch_;
  keys_.erase(Name(role, id));
  known_.erase(Name(role, id));
}

bool KeyCache::was_known(KeyRole role, const Bytes& id) const {
  const MutexLock lock(mutex_);
  return known_.contains(Name(role, id));
}

}  // namespace coffer::pkcs11
