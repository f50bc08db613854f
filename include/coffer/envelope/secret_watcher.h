// Who is told of each secret that comes and goes.
#pragma once

#include <memory>
#include <string_view>

#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

/// Told of each secret that a transaction stages or erases, within that transaction: so what has to
/// be known of all secrets is on disk with them, and no engine can forget it. Thread-safe.
class SecretWatcher {
 public:
  virtual ~SecretWatcher() = default;
  [[nodiscard]] virtual Result<void> sealed(SealedTransaction& tx, const RowName& row,
                                            const SecretContext& context,
                                            std::string_view value) = 0;
  [[nodiscard]] virtual Result<void> erased(SealedTransaction& tx, const RowName& row) = 0;
};

/// Of all transactions that begin from now on. Call it once, before anything is served.
/// Precondition of both: `store` is what open_sealed_store() made.
void watch_secrets(SealedStore& store, std::unique_ptr<SecretWatcher> watcher);
/// nullptr: nobody watches.
[[nodiscard]] SecretWatcher* watcher_of(SealedStore& store);

}  // namespace coffer::envelope
