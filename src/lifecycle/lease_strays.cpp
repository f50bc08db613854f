// What outside has no lease: how to find it, and its end.
#include "coffer/lifecycle/leases.h"
#include "lease_rows.h"

namespace coffer::lifecycle {
namespace {

constexpr std::size_t kPage = 256;

using See = std::function<Result<bool>(const envelope::ListedRow&)>;

/// A page at a time: there may be as many as the caps allow. False, of `see` as well: enough.
Result<bool> each(envelope::SealedTransaction& tx, const envelope::RowName& sample,
                  const See& see) {
  envelope::RowPage page;
  do {
    COFFER_TRY(page, tx.page(sample.space, sample.parent, page.next, kPage));
    for (const envelope::ListedRow& row : page.rows) {
      COFFER_TRY(const bool more, see(row));
      if (!more) return false;
    }
  } while (!page.done);
  return true;
}

/// Without the version of its row: read_lease() has that.
Result<bool> each_lease(envelope::SealedTransaction& tx,
                        const std::function<Result<bool>(const Lease&)>& see) {
  return each(tx, prefix_row({}), [&](const envelope::ListedRow& prefix) {
    return each(tx, lease_row(prefix.name, {}),
                [&](const envelope::ListedRow& row) -> Result<bool> {
                  COFFER_TRY(const Lease lease, decode_lease(row.value, prefix.name, row.name));
                  return see(lease);
                });
  });
}

}  // namespace

Result<std::vector<Lease>> Leases::of_targets(envelope::SealedTransaction& tx,
                                              const std::set<std::string>& targets,
                                              std::size_t at_most) {
  std::vector<std::string> ids;
  COFFER_CHECK(each_lease(tx, [&](const Lease& lease) -> Result<bool> {
    if (targets.contains(lease.terms.target)) ids.push_back(lease.id());
    return ids.size() < at_most;
  }));
  std::vector<Lease> found;
  for (const std::string& id : ids) {
    COFFER_TRY(std::optional<Lease> lease, read_lease(tx, id));
    if (lease) found.push_back(*std::move(lease));
  }
  return found;
}

Result<void> Leases::visit(envelope::SealedTransaction& tx,
                           const std::function<Result<bool>(const Lease&)>& see) {
  COFFER_TRY(const bool more, each_lease(tx, see));
  if (!more) return {};
  COFFER_CHECK(each(tx, target_row({}), [&](const envelope::ListedRow& target) {
    return each(tx, pending_row(target.name, {}),
                [&](const envelope::ListedRow& row) -> Result<bool> {
                  COFFER_TRY(const PendingEnd end, decode_pending(row.value, row.name));
                  return see(end.lease);
                });
  }));
  return {};
}

Result<void> Leases::end_strays(envelope::SealedTransaction& tx, std::vector<Stray> strays,
                                WallTime now, std::function<void()>& then) {
  std::size_t staged = 0;
  for (Stray& stray : strays) {
    const Lease lease{.terms = std::move(stray.terms),
                      .name = std::move(stray.name),
                      .issued = now,
                      .expires = now};
    const envelope::RowName row = pending_row(lease.terms.target, lease.id());
    COFFER_TRY(const store::Key place, tx.place(row));
    COFFER_TRY(const store::RowVersion known, tx.version_at(place));
    if (known == 0) {
      COFFER_CHECK(tx.require(row, envelope::Expect::absent()));  // each is counted once
      COFFER_CHECK(LeaseEnds::stage(tx, {.lease = lease, .since = now, .not_before = now}));
      ++staged;
    }
    ends_->hint(lease.terms.target);
  }
  then = [counts = counts_, staged, before = std::move(then)] {
    if (before) before();
    counts->adopted(staged);
  };
  return {};
}

}  // namespace coffer::lifecycle
