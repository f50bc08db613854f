// Everything that exists only while the vault is open: made by unsealing, gone with the last
// request that was under way when it was sealed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "coffer/audit/trail.h"
#include "coffer/auth/tokens.h"
#include "coffer/auth/unix_roles.h"
#include "coffer/core/mounts.h"
#include "coffer/core/policies.h"
#include "coffer/envelope/row_sums.h"
#include "coffer/lifecycle/due.h"
#include "coffer/lifecycle/leases.h"
#include "coffer/lifecycle/rotator.h"

namespace coffer::pkcs11 {
class TokenKeeper;
}

namespace coffer::core {

/// In the order in which the parts lean on each other. Each is thread-safe; none is ever null. The
/// store, the log and the clock below them outlive it.
struct Unsealed {
  Unsealed() = default;
  /// The store may keep the sums for longer than there is a keyring to seal them.
  ~Unsealed() {
    if (row_sums != nullptr) row_sums->close();
  }
  Unsealed(const Unsealed&) = delete;
  Unsealed& operator=(const Unsealed&) = delete;

  std::unique_ptr<pkcs11::Token> token;
  /// The token, if it is one that heals and tells how it is: null in tests alone.
  const pkcs11::TokenKeeper* keeper = nullptr;
  std::unique_ptr<envelope::Keyring> keyring;
  /// Kept over the store; null in tests alone.
  std::shared_ptr<envelope::RowSums> row_sums{};
  std::unique_ptr<envelope::SealedStore> sealed_store;
  std::unique_ptr<audit::Trail> trail;
  std::unique_ptr<lifecycle::Leases> leases;
  std::unique_ptr<auth::Tokens> tokens;
  std::unique_ptr<auth::UnixRoles> unix_roles;
  /// Filled while the engines are put in place, some of which bring one.
  lifecycle::Rotators rotators;
  Engines engines;
  std::unique_ptr<Mounts> mounts;
  std::unique_ptr<Policies> policies;
  lifecycle::Handlers due_handlers;
  /// This store came out of a backup, and nobody has released it yet: what reaches outside waits.
  std::atomic<bool> outside_paused = false;
  /// Set when the keys were changed, and at first: the sweeper is to see whether records have to
  /// follow (rewrap.h). Not staged with the change, which is made already when a request would run
  /// again for a race that it lost.
  std::atomic<bool> key_work{true};
  /// Before the `sign` key changes: the one that goes signs the audit log a last time. Set before
  /// it is served, or empty.
  std::function<void()> before_new_signer{};
  /// What else follows a change of the keys, outside of the vault; set before it is served, or
  /// empty.
  std::function<Result<void>(Unsealed&)> on_new_keys{};
};

/// Of the keyring's current `audit` key.
[[nodiscard]] Result<std::shared_ptr<const audit::Hasher>> make_hasher(
    const envelope::Keyring& keyring);
/// Lines of requests that come from now on are hashed with it.
[[nodiscard]] Result<void> renew_hasher(Unsealed& vault);

}  // namespace coffer::core
