// Leases of a store that lost rows: what leads to one, and what is due for it, is written anew.
#include "coffer/envelope/stored.h"
#include "coffer/lifecycle/leases.h"
#include "lease_rows.h"

namespace coffer::lifecycle {
namespace {

using envelope::put_if_missing;

Result<void> mend_lease(envelope::SealedTransaction& tx, const Lease& lease, WallTime now) {
  const NewLease& terms = lease.terms;
  const std::string id = lease.id();
  COFFER_CHECK(put_if_missing(tx, prefix_row(terms.prefix)));
  COFFER_CHECK(put_if_missing(tx, owner_row(terms.owner, id)));
  if (!terms.identity.empty()) COFFER_CHECK(put_if_missing(tx, identity_row(terms.identity, id)));
  if (lease.issuing) COFFER_CHECK(put_if_missing(tx, issuing_row(id)));
  return schedule(tx, Leases::kDueKind, id, lease.expires, now);
}

}  // namespace

Result<void> Leases::mend(envelope::SealedTransaction& tx, const envelope::RowName& row,
                          std::string_view value, WallTime now) {
  if (row.space.mount != Uuid{}) return {};
  if (row.space.table == lease_row({}, {}).space.table) {
    COFFER_TRY(const Lease lease, decode_lease(value, row.parent, row.name));
    return mend_lease(tx, lease, now);
  }
  if (row.space.table != pending_row({}, {}).space.table) return {};
  COFFER_TRY(const PendingEnd end, decode_pending(value, row.name));
  return LeaseEnds::stage(tx, end);
}

}  // namespace coffer::lifecycle
