#include "token_cache.h"

namespace coffer::auth {

std::shared_ptr<const CachedCaller> TokenCache::find(const crypto::Sha256& hash) {
  const MutexLock lock(mutex_);
  const auto young = young_.find(hash);
  if (young != young_.end()) return young->second;
  const auto old = old_.find(hash);
  if (old == old_.end()) return nullptr;
  auto caller = old->second;
  insert(hash, caller);
  return caller;
}

void TokenCache::put(const crypto::Sha256& hash, std::shared_ptr<const CachedCaller> caller) {
  const MutexLock lock(mutex_);
  insert(hash, std::move(caller));
}

void TokenCache::insert(const crypto::Sha256& hash, std::shared_ptr<const CachedCaller> caller) {
  if (young_.size() >= kGeneration) old_ = std::exchange(young_, {});
  young_.insert_or_assign(hash, std::move(caller));
}

void TokenCache::forget(const crypto::Sha256& hash) {
  const MutexLock lock(mutex_);
  young_.erase(hash);
  old_.erase(hash);
}

std::size_t TokenCache::size() {
  const MutexLock lock(mutex_);
  return young_.size() + old_.size();
}

}  // namespace coffer::auth
