// Callers of tokens that were seen before, with what must be so in the store for them to be good
// still. Keyed by the keyed hash: no token is held.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coffer/auth/identity.h"
#include "coffer/base/clock.h"
#include "coffer/base/mutex.h"
#include "coffer/crypto/digest.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::auth {

struct CachedCaller {
  Identity identity;
  WallTime expires{};  ///< the earliest of the token and its ancestors; epoch: never
  /// Rows of the token and its ancestors, as they stood.
  std::vector<std::pair<store::Key, store::RowVersion>> rows;
};

/// Bounded: two generations of kGeneration entries; what isn't asked for falls out with the older.
/// Thread-safe.
class TokenCache final {
 public:
  static constexpr std::size_t kGeneration = 4096;

  [[nodiscard]] std::shared_ptr<const CachedCaller> find(const crypto::Sha256& hash)
      COFFER_EXCLUDES(mutex_);
  void put(const crypto::Sha256& hash, std::shared_ptr<const CachedCaller> caller)
      COFFER_EXCLUDES(mutex_);
  void forget(const crypto::Sha256& hash) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::size_t size() COFFER_EXCLUDES(mutex_);

 private:
  struct Hash {
    std::size_t operator()(const crypto::Sha256& hash) const noexcept {
      std::size_t out = 0;
      std::memcpy(&out, hash.data(), sizeof out);  // a MAC: evenly spread already
      return out;
    }
  };
  using Map = std::unordered_map<crypto::Sha256, std::shared_ptr<const CachedCaller>, Hash>;
  void insert(const crypto::Sha256& hash, std::shared_ptr<const CachedCaller> caller)
      COFFER_REQUIRES(mutex_);

  Mutex mutex_;
  Map young_ COFFER_GUARDED_BY(mutex_);
  Map old_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::auth
