#include "coffer/core/lease_rules.h"

namespace coffer::core {

Result<void> may_reach_outside(const Unsealed& vault) {
  if (!vault.outside_paused) return {};
  return make_error(ErrorCode::unavailable,
                    "this vault came out of a backup: nothing is made or changed outside of it "
                    "until sys/restore/release");
}

/// Whatever of this changes meanwhile has the intent run again; what changes later finds the lease
/// by its owner or its prefix, and ends it.
Result<void> admit_lease(Unsealed& vault, envelope::SealedTransaction& tx,
                         const lifecycle::NewLease& wanted, WallTime now) {
  COFFER_CHECK(may_reach_outside(vault));
  if (wanted.owner_is_token) COFFER_CHECK(vault.tokens->hold(tx, wanted.owner, now));
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  const std::optional<Route> route = table->find(wanted.prefix);
  if (!route) return make_error(ErrorCode::not_found, "the mount of the lease is gone");
  return vault.mounts->hold(tx);
}

}  // namespace coffer::core
