// Leases that are: found, listed, renewed, ended one by one.
#include <algorithm>
#include <set>

#include "coffer/base/failpoint.h"
#include "coffer/lifecycle/leases.h"
#include "coffer/model/duration.h"
#include "lease_rows.h"
#include "waiter.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

/// Owned leases that one step ends: a transaction of some 300 rows.
constexpr std::chrono::seconds kUnderWay{10};
constexpr std::uint8_t kFurtherRounds = 2;

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

Result<std::vector<envelope::ListedRow>> known_prefixes(envelope::SealedTransaction& tx) {
  const envelope::RowName sample = prefix_row({});
  return tx.list(sample.space, sample.parent);
}

Result<std::size_t> rows_under(envelope::SealedTransaction& tx, std::string_view prefix) {
  const envelope::RowName sample = lease_row(prefix, {});
  return tx.count(sample.space, sample.parent);
}

/// Of the lease itself; nobody finds it any more.
void erase_rows(envelope::SealedTransaction& tx, const Lease& lease) {
  const std::string id = lease.id();
  tx.erase(lease_row(lease.terms.prefix, lease.name), Expect::unchanged(lease.version));
  tx.erase(owner_row(lease.terms.owner, id), Expect::anything());
  if (!lease.terms.identity.empty()) {
    tx.erase(identity_row(lease.terms.identity, id), Expect::anything());
  }
  if (lease.issuing) tx.erase(issuing_row(id), Expect::anything());
}

Result<LeaseTimes> times_now(const LeaseKind* kind, envelope::SealedTransaction& tx,
                             const Lease& lease) {
  if (kind == nullptr || !kind->times) return LeaseTimes{lease.terms.ttl, lease.terms.max_ttl};
  return kind->times(tx, lease);
}

using Tally = std::map<std::string, Leases::Census::Entry>;

/// One more of `name`, who is called as he himself is, or else as one of his.
void tally(Tally& entries, const std::string& name, const NewLease& terms) {
  Leases::Census::Entry& entry = entries[name];
  entry.name = name;
  entry.identity = terms.counted_for();
  if (entry.about.empty() || terms.owner == name) entry.about = terms.owner_name;
  ++entry.count;
}

}  // namespace

std::string cut_warning(std::chrono::seconds wanted, std::chrono::seconds given) {
  return "a TTL of " + model::to_text(wanted) + " is beyond the maximum: it is cut to " +
         model::to_text(given);
}

Result<void> Leases::load(WallTime now) {
  COFFER_TRY(const auto tx, store_.begin());
  COFFER_TRY(const auto prefixes, known_prefixes(*tx));
  std::map<std::string, std::size_t> by_prefix;
  COFFER_TRY(const LeaseEnds::Count ends, LeaseEnds::count(*tx));
  std::size_t total = ends.pending;
  for (const envelope::ListedRow& prefix : prefixes) {
    COFFER_TRY(const std::size_t rows, rows_under(*tx, prefix.name));
    by_prefix[prefix.name] = rows;
    total += rows;
  }
  counts_->load(total, by_prefix);
  COFFER_CHECK(ends_->load(*tx));
  // Whoever was issuing them is gone.
  const envelope::RowName sample = issuing_row({});
  COFFER_TRY(const auto leftovers, tx->list(sample.space, sample.parent));
  for (const envelope::ListedRow& row : leftovers) {
    COFFER_CHECK(commit_own([&](envelope::SealedTransaction& own) -> Result<void> {
      COFFER_TRY(const std::optional<Lease> lease, read_lease(own, row.name));
      if (lease && lease->issuing) return end(own, *lease, now);
      own.erase(issuing_row(row.name), Expect::anything());
      return {};
    }));
  }
  return {};
}

Result<std::optional<Lease>> Leases::find(envelope::SealedTransaction& tx, std::string_view id,
                                          WallTime now) const {
  COFFER_TRY(std::optional<Lease> lease, read_lease(tx, id));
  if (lease && (lease->issuing || lease->expired(now))) lease.reset();
  return lease;
}

Result<std::vector<std::string>> Leases::list(envelope::SealedTransaction& tx,
                                              std::string_view prefix, WallTime now) const {
  std::set<std::string> names;
  const envelope::RowName sample = lease_row(prefix, {});
  COFFER_TRY(const auto rows, tx.list(sample.space, sample.parent));
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(const Lease lease, decode_lease(row.value, prefix, row.name));
    if (!lease.issuing && !lease.expired(now)) names.insert(row.name);
  }
  COFFER_TRY(const auto prefixes, known_prefixes(tx));
  for (const envelope::ListedRow& known : prefixes) {
    if (known.name.size() <= prefix.size() || !known.name.starts_with(prefix)) continue;
    COFFER_TRY(const std::size_t count, rows_under(tx, known.name));
    if (count > 0) {
      names.insert(known.name.substr(prefix.size(),
                                     known.name.find('/', prefix.size()) + 1 - prefix.size()));
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<Leases::Census> Leases::census(envelope::SealedTransaction& tx, bool by_owner) {
  Census census;
  Tally owners;
  Tally identities;
  COFFER_TRY(const auto prefixes, known_prefixes(tx));
  for (const envelope::ListedRow& prefix : prefixes) {
    COFFER_TRY(const std::size_t rows, rows_under(tx, prefix.name));
    census.total += rows;
    if (rows > 0) census.roles.push_back({prefix.name, {}, {}, rows});
    if (rows == 0 || !by_owner) continue;
    const envelope::RowName sample = lease_row(prefix.name, {});
    COFFER_TRY(const auto all, tx.list(sample.space, sample.parent));
    for (const envelope::ListedRow& row : all) {
      COFFER_TRY(const Lease lease, decode_lease(row.value, prefix.name, row.name));
      tally(owners, lease.terms.owner, lease.terms);
      tally(identities, lease.terms.counted_for(), lease.terms);
    }
  }
  for (auto& [accessor, owner] : owners) census.owners.push_back(std::move(owner));
  for (auto& [name, identity] : identities) census.identities.push_back(std::move(identity));
  for (auto* entries : {&census.roles, &census.owners, &census.identities}) {
    std::sort(entries->begin(), entries->end(), [](const auto& a, const auto& b) {
      return a.count != b.count ? a.count > b.count : a.name < b.name;
    });
  }
  return census;
}

Result<Renewal> Leases::renew(audit::Ticket& ticket, envelope::SealedTransaction& tx,
                              const Lease& lease, std::chrono::seconds increment,
                              WallTime now) const {
  if (!lease.terms.renewable) return invalid("lease is not renewable");
  if (increment.count() < 0) return invalid("increment must not be negative");
  const LeaseKind* known = kind(lease.terms.kind);
  COFFER_TRY(const LeaseTimes times, times_now(known, tx, lease));
  // Nothing that anyone asks for can overflow the clock.
  const std::chrono::seconds asked = increment.count() > 0 ? increment : times.ttl;
  const std::chrono::seconds wanted = std::min(asked, model::kLongestDuration);
  Renewal renewal{.lease = lease, .warnings = {}};
  renewal.lease.expires = std::min(now + wanted, lease.issued + times.max_ttl);
  renewal.lease.last_renewal = now;
  if (renewal.lease.expires <= now) return invalid("past the max TTL, cannot renew");
  if (renewal.lease.expires < now + wanted) {
    renewal.warnings.push_back(cut_warning(asked, renewal.lease.remaining(now)));
  }
  // All that reads the store comes before the target is told: a lost race would tell it twice.
  COFFER_CHECK(tx.write(lease_row(lease.terms.prefix, lease.name), encode_lease(renewal.lease),
                        Expect::unchanged(lease.version)));
  if (renewal.lease.expires < lease.expires) {
    COFFER_CHECK(schedule(tx, kDueKind, lease.id(), renewal.lease.expires, now));
  }
  if (known != nullptr && known->renew) {
    COFFER_CHECK(ticket.make_durable());
    COFFER_FAILPOINT("lease.renew.logged");
    COFFER_CHECK(known->renew(renewal.lease, renewal.lease.expires));
    COFFER_FAILPOINT("lease.renew.told");
  }
  return renewal;
}

Result<void> Leases::stage_end(envelope::SealedTransaction& tx, const PendingEnd& end) {
  erase_rows(tx, end.lease);
  COFFER_CHECK(LeaseEnds::stage(tx, end));
  ends_->hint(end.lease.terms.target);
  return {};
}

Result<void> Leases::end(envelope::SealedTransaction& tx, const Lease& lease, WallTime now,
                         bool forced) {
  return stage_end(tx, {.lease = lease,
                        .since = now,
                        .not_before = now,
                        .rounds = lease.issuing ? kFurtherRounds : std::uint8_t{0},
                        .forced = forced});
}

Leases::Waiter::Waiter(std::atomic<int>& waiting) : waiting_(waiting), before_(waiting_++) {}
Leases::Waiter::~Waiter() { --waiting_; }

std::chrono::seconds Leases::Waiter::at_most(std::chrono::seconds most) const {
  return before_ < kMost ? most : std::min(most, kMoment);
}

Result<void> Leases::end_and_wait(audit::Ticket& ticket, std::string_view id, WallTime now,
                                  std::chrono::seconds most) {
  COFFER_CHECK(ticket.make_durable());
  bool found = false;
  std::string target;
  LeaseEnds::Watch watch(*ends_, std::string(id));
  COFFER_CHECK(commit_own([&](envelope::SealedTransaction& tx) -> Result<void> {
    COFFER_TRY(const std::optional<Lease> lease, read_lease(tx, id));
    found = lease.has_value() && !lease->issuing;
    if (found) target = lease->terms.target;
    if (found) return end(tx, *lease, now);
    // Whoever asks again after a 503 asks for the same.
    COFFER_TRY(found, ends_->try_again(tx, id));
    return {};
  }));
  if (!found) return {};
  const Waiter waiter(waiting_);
  const bool away = !target.empty() && !ends_->reachable(target);
  return watch.wait_for(away ? std::min(most, Waiter::kMoment) : waiter.at_most(most));
}

Result<bool> Leases::end_owned(envelope::SealedTransaction& tx, std::string_view owner,
                               WallTime now, std::size_t most) {
  const envelope::RowName sample = owner_row(owner, {});
  COFFER_TRY(const auto rows, tx.list_some(sample.space, sample.parent, most));
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(const std::optional<Lease> lease, read_lease(tx, row.name));
    if (lease) {
      COFFER_CHECK(end(tx, *lease, now));
    } else {
      tx.erase(owner_row(owner, row.name), Expect::anything());
    }
  }
  return rows.size() < most;
}

Result<void> Leases::end_owner(envelope::SealedTransaction& tx, std::string_view owner,
                               WallTime now) {
  COFFER_TRY(const bool none_left, end_owned(tx, owner, now));
  return none_left ? Result<void>() : schedule(tx, kOwnerKind, owner, now, now);
}

Result<Leases::Owned> Leases::owned(envelope::SealedTransaction& tx, std::string_view owner,
                                    std::size_t at_most) {
  const envelope::RowName sample = owner_row(owner, {});
  Owned owned;
  COFFER_TRY(owned.count, tx.count(sample.space, sample.parent));
  COFFER_TRY(const auto rows, tx.list_some(sample.space, sample.parent, at_most));
  for (const envelope::ListedRow& row : rows) owned.ids.push_back(row.name);
  return owned;
}

/// Only what is still as the drop left it: whoever ended it meanwhile has seen to all.
Result<void> Leases::end_dropped(WallTime now) {
  for (LeaseEnds::Dropped& dropped : ends_->take_dropped()) {
    const bool nothing_made = dropped.rounds == 0;
    bool counts_no_more = false;
    const Result<void> ended = commit_own([&](envelope::SealedTransaction& tx) -> Result<void> {
      COFFER_TRY(const std::optional<Lease> lease, read_lease(tx, dropped.lease.id()));
      counts_no_more = lease && (dropped.withdrawn || nothing_made);
      if (!lease) return {};
      if (dropped.withdrawn) {
        erase_rows(tx, *lease);
        return {};
      }
      return stage_end(tx, {.lease = *lease,
                            .since = now,
                            .not_before = now,
                            .rounds = dropped.rounds,
                            .precaution = nothing_made});
    });
    if (ended.ok() && counts_no_more) counts_->gone();
    if (ended.ok()) continue;
    // For the next time; what comes behind it too.
    ends_->drop(std::move(dropped));
  }
  return {};
}

Result<void> Leases::due(envelope::SealedTransaction& tx, const Due& due, WallTime now) {
  COFFER_TRY(const std::optional<Lease> lease, read_lease(tx, due.id));
  if (!lease) return {};
  if (!lease->expired(now)) return schedule(tx, kDueKind, due.id, lease->expires, now);
  if (ends_->is_under_way(due.id)) return schedule(tx, kDueKind, due.id, now + kUnderWay, now);
  return end(tx, *lease, now);
}

}  // namespace coffer::lifecycle
