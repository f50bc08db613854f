// Leases of a store that lost rows: what leads to one, and what is due for it, is written anew.
#include "coffer/lifecycle/leases.h"
#include "lease_rows.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

/// Those that are there stay: of what one holds, or of how old it is, others may know.
Result<void> add(envelope::SealedTransaction& tx, const envelope::RowName& row) {
  COFFER_TRY(const store::Key place, tx.place(row));
  COFFER_TRY(const store::RowVersion known, tx.version_at(place));
  return known == 0 ? tx.write(row, {}, Expect::anything()) : Result<void>();
}

Result<void> mend_lease(envelope::SealedTransaction& tx, const Lease& lease, WallTime now) {
  const NewLease& terms = lease.terms;
  const std::string id = lease.id();
  COFFER_CHECK(add(tx, prefix_row(terms.prefix)));
  COFFER_CHECK(add(tx, owner_row(terms.owner, id)));
  if (!terms.identity.empty()) COFFER_CHECK(add(tx, identity_row(terms.identity, id)));
  if (lease.issuing) COFFER_CHECK(add(tx, issuing_row(id)));
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
