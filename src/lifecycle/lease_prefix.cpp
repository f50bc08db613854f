// The end of all leases below a prefix: the first at once, the rest in steps of the sweeper, each
// with its place in a row, so that a restart goes on where it was.
#include <algorithm>

#include "coffer/lifecycle/leases.h"
#include "lease_rows.h"
#include "waiter.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

constexpr std::size_t kStep = 128;
constexpr std::chrono::milliseconds kLook{200};
/// A prefix no lease has: the job has come to the ends that are pending already.
constexpr std::string_view kPendingPhase = "\xff";

/// Those that count, in order, from the one that the job has come to.
Result<std::vector<std::string>> prefixes_from(envelope::SealedTransaction& tx,
                                               std::string_view prefix, std::string_view from) {
  const envelope::RowName sample = prefix_row({});
  COFFER_TRY(const auto rows, tx.list(sample.space, sample.parent));
  std::vector<std::string> names;
  for (const envelope::ListedRow& row : rows) {
    if (row.name.starts_with(prefix) && row.name >= from) names.push_back(row.name);
  }
  return names;
}

/// Those that come while the job goes on would have it go on for ever. One from a time that is to
/// come was issued while the clock was ahead, and is one of those that were there.
bool issued_since(const Lease& lease, const PrefixEnd& job, WallTime now) {
  return lease.issued > job.until && lease.issued <= now;
}

}  // namespace

Result<bool> Leases::step(envelope::SealedTransaction& tx, std::string_view prefix, PrefixEnd& job,
                          WallTime now) {
  if (job.prefix.starts_with(kPendingPhase)) return force_pending(tx, prefix, job);
  COFFER_TRY(const auto names, prefixes_from(tx, prefix, job.prefix));
  std::size_t left = kStep;
  for (const std::string& name : names) {
    if (name != job.prefix) {
      job.prefix = name;
      job.after.clear();
    }
    const envelope::RowName sample = lease_row(name, {});
    COFFER_TRY(const envelope::RowPage page, tx.page(sample.space, sample.parent, job.after, left));
    for (const envelope::ListedRow& row : page.rows) {
      COFFER_TRY(const std::optional<Lease> lease, read_lease(tx, name + row.name));
      if (lease && !issued_since(*lease, job, now)) {
        COFFER_CHECK(end(tx, *lease, now, job.forced));
      }
    }
    job.after = page.next;
    left -= page.rows.size();
    if (!page.done || left == 0) return false;
  }
  if (!job.forced) return true;
  job.prefix = std::string(kPendingPhase);
  job.after.clear();
  return force_pending(tx, prefix, job);
}

/// `job.prefix` names the target that it has come to, behind the mark.
Result<bool> Leases::force_pending(envelope::SealedTransaction& tx, std::string_view prefix,
                                   PrefixEnd& job) {
  const envelope::RowName all = target_row({});
  COFFER_TRY(const auto targets, tx.list(all.space, all.parent));
  std::size_t left = kStep;
  for (const envelope::ListedRow& target : targets) {
    const std::string place = std::string(kPendingPhase) + target.name;
    if (place < job.prefix) continue;
    if (place != job.prefix) {
      job.prefix = place;
      job.after.clear();
    }
    const envelope::RowName sample = pending_row(target.name, {});
    COFFER_TRY(const envelope::RowPage page, tx.page(sample.space, sample.parent, job.after, left));
    for (const envelope::ListedRow& row : page.rows) {
      if (!row.name.starts_with(prefix)) continue;
      ends_->doubt(target.name);
      COFFER_TRY(const auto stored, tx.read(pending_row(target.name, row.name)));
      if (!stored) continue;
      COFFER_TRY(PendingEnd end, decode_pending(stored->value, row.name));
      end.forced = true;
      end.not_before = {};
      COFFER_CHECK(tx.write(pending_row(target.name, row.name), encode_pending(end),
                            Expect::unchanged(stored->version)));
    }
    job.after = page.next;
    left -= page.rows.size();
    if (!page.done || left == 0) return false;
  }
  return true;
}

/// One that stands begins anew, with what came since; by force if either of the two is, or what
/// force was for would go on to be tried for ever.
Result<void> Leases::end_prefix(envelope::SealedTransaction& tx, std::string_view prefix,
                                WallTime now, bool forced) {
  const envelope::RowName row = prefix_end_row(prefix);
  COFFER_TRY(const auto stands, tx.read(row));
  PrefixEnd job{.until = now, .forced = forced, .prefix = {}, .after = {}};
  if (stands) {
    COFFER_TRY(const PrefixEnd before, decode_prefix_end(stands->value));
    job.forced = job.forced || before.forced;
  }
  const auto expected = stands ? Expect::unchanged(stands->version) : Expect::absent();
  COFFER_TRY(const bool done, step(tx, prefix, job, now));
  if (done) {
    if (stands) tx.erase(row, expected);
    return {};
  }
  COFFER_CHECK(tx.write(row, encode_prefix_end(job), expected));
  return schedule(tx, kPrefixKind, prefix, now, now);
}

Result<void> Leases::end_prefix_and_wait(audit::Ticket& ticket, std::string_view prefix,
                                         WallTime now, std::chrono::seconds most) {
  COFFER_CHECK(ticket.make_durable());
  COFFER_CHECK(
      commit_own([&](envelope::SealedTransaction& tx) { return end_prefix(tx, prefix, now); }));
  const Waiter waiter(waiting_);
  const auto until = std::chrono::steady_clock::now() + waiter.at_most(most);
  for (;;) {
    COFFER_TRY(const auto tx, store_.begin());
    COFFER_TRY(const auto job, tx->read(prefix_end_row(prefix)));
    bool left = job.has_value();
    if (!left) {
      COFFER_TRY(left, LeaseEnds::any_below(*tx, prefix));
    }
    if (!left) return {};
    if (std::chrono::steady_clock::now() >= until) break;
    ends_->wait_for_news(kLook);
  }
  return make_error(ErrorCode::unavailable,
                    "the leases are revoked, but not all their ends have been taken yet");
}

Result<void> Leases::due_prefix(envelope::SealedTransaction& tx, const Due& due, WallTime now) {
  const envelope::RowName row = prefix_end_row(due.id);
  COFFER_TRY(const auto stored, tx.read(row));
  if (!stored) return {};
  COFFER_TRY(PrefixEnd job, decode_prefix_end(stored->value));
  COFFER_TRY(const bool done, step(tx, due.id, job, now));
  if (done) {
    tx.erase(row, Expect::unchanged(stored->version));
    return {};
  }
  COFFER_CHECK(tx.write(row, encode_prefix_end(job), Expect::unchanged(stored->version)));
  return schedule(tx, kPrefixKind, due.id, now, now);
}

void Leases::register_handlers(Handlers& handlers) {
  handlers.add(std::string(kDueKind), [this](envelope::SealedTransaction& tx, const Due& row,
                                             WallTime now) { return due(tx, row, now); });
  handlers.add(std::string(kOwnerKind),
               [this](envelope::SealedTransaction& tx, const Due& row, WallTime now) {
                 return end_owner(tx, row.id, now);
               });
  handlers.add(std::string(kPrefixKind), [this](envelope::SealedTransaction& tx, const Due& row,
                                                WallTime now) { return due_prefix(tx, row, now); });
}

}  // namespace coffer::lifecycle
