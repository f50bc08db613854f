#include "coffer/lifecycle/lease_ends.h"

#include <algorithm>

#include "end_queue.h"
#include "lease_rows.h"
#include "refused_ends.h"

namespace coffer::lifecycle {
namespace {

using envelope::Expect;

constexpr std::size_t kPage = 64;
constexpr std::chrono::seconds kLookAgain{1};
constexpr std::size_t kMaxErrorText = 256;

Result<std::vector<envelope::ListedRow>> target_rows(envelope::SealedTransaction& tx) {
  const envelope::RowName sample = target_row({});
  return tx.list(sample.space, sample.parent);
}

Result<LeaseEnds::Count> count_of(envelope::SealedTransaction& tx, std::string_view target) {
  const envelope::RowName all = pending_row(target, {});
  const envelope::RowName precautions = precaution_row(target, {});
  LeaseEnds::Count count;
  COFFER_TRY(const std::size_t rows, tx.count(all.space, all.parent));
  COFFER_TRY(count.precautions, tx.count(precautions.space, precautions.parent));
  count.pending = rows - std::min(rows, count.precautions);
  return count;
}

struct Found {
  std::vector<PendingEnd> ends;
  store::Key next;
  bool done = false;
};

Result<Found> look_at(envelope::SealedStore& store, std::string_view target,
                      const store::Key& after) {
  COFFER_TRY(const auto tx, store.begin());
  const envelope::RowName sample = pending_row(target, {});
  COFFER_TRY(const envelope::RowPage page, tx->page(sample.space, sample.parent, after, kPage));
  Found found{.ends = {}, .next = page.next, .done = page.done};
  found.ends.reserve(page.rows.size());
  for (const envelope::ListedRow& row : page.rows) {
    COFFER_TRY(PendingEnd end, decode_pending(row.value, row.name));
    COFFER_TRY(const store::Key place, tx->place(pending_row(target, row.name)));
    COFFER_TRY(end.version, tx->version_at(place));
    found.ends.push_back(std::move(end));
  }
  return found;
}

}  // namespace

EndOutcome outcome_of(const Error& error) noexcept {
  const bool away =
      error.code == ErrorCode::unavailable || error.code == ErrorCode::resource_exhausted;
  return away ? EndOutcome::unreachable : EndOutcome::failed;
}

LeaseEnds::LeaseEnds(const Clock& clock)
    : clock_(clock),
      queue_(std::make_unique<EndQueue>()),
      refused_(std::make_unique<RefusedEnds>()) {}
LeaseEnds::~LeaseEnds() = default;

void LeaseEnds::tell() {
  ++news_;
  changed_.notify_all();
}

/// The target's row is never erased, so whoever finds it there needn't demand that it stays.
Result<void> LeaseEnds::stage(envelope::SealedTransaction& tx, const PendingEnd& end) {
  const NewLease& terms = end.lease.terms;
  COFFER_TRY(const store::Key place, tx.place(target_row(terms.target)));
  COFFER_TRY(const store::RowVersion known, tx.version_at(place));
  if (known == 0) {
    COFFER_CHECK(tx.write(target_row(terms.target), encode_target({}), Expect::anything()));
  }
  if (end.precaution) {
    COFFER_CHECK(tx.write(precaution_row(terms.target, end.lease.id()), {}, Expect::anything()));
  }
  return tx.write(pending_row(terms.target, end.lease.id()), encode_pending(end),
                  Expect::anything());
}

void LeaseEnds::hint(std::string_view target) {
  const MutexLock lock(mutex_);
  queue_->hint(target, clock_.boottime());
  tell();
}

void LeaseEnds::doubt(std::string_view target) {
  const MutexLock lock(mutex_);
  queue_->doubt(target, clock_.boottime());
  tell();
}

Result<void> LeaseEnds::load(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, target_rows(tx));
  const MutexLock lock(mutex_);
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(const TargetRow target, decode_target(row.value));
    queue_->hint(row.name, clock_.boottime());
    if (target.failing_since != WallTime{}) queue_->failing_before(row.name);
  }
  return {};
}

Result<LeaseEnds::Count> LeaseEnds::count(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto rows, target_rows(tx));
  Count all;
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(const Count of_target, count_of(tx, row.name));
    all.pending += of_target.pending;
    all.precautions += of_target.precautions;
  }
  return all;
}

Result<bool> LeaseEnds::refill(envelope::SealedStore& store) {
  std::optional<EndQueue::Look> look;
  {
    const MutexLock lock(mutex_);
    look = queue_->next_look(clock_.boottime());
  }
  if (!look) return false;
  auto found = look_at(store, look->target, look->after);
  const MutexLock lock(mutex_);
  const auto now = clock_.boottime();
  if (!found.ok()) {
    queue_->abandon(*look, now);
    return found.error();
  }
  for (const PendingEnd& end : found->ends) {
    const bool was_refused = end.attempts > 0 && !end.was_away;
    if (was_refused && queue_->is_news(*look, end)) note_refused(end);
  }
  queue_->found(*look, std::move(found->ends), found->next, found->done, clock_.wall(), now);
  return true;
}

Result<std::optional<PendingEnd>> LeaseEnds::take(envelope::SealedStore& store) {
  for (;;) {
    {
      const MutexLock lock(mutex_);
      const auto now = clock_.boottime();
      while (std::optional<PendingEnd> end = queue_->take(now)) {
        if (!under_way_.contains(end->lease.id())) return end;
        queue_->put_off(*std::move(end), now + kLookAgain);
      }
    }
    COFFER_TRY(const bool looked, refill(store));
    if (!looked) return std::optional<PendingEnd>();
  }
}

bool LeaseEnds::reachable(std::string_view target) const {
  const MutexLock lock(mutex_);
  return queue_->reachable(target);
}

bool LeaseEnds::more_wait(std::string_view target) const {
  const MutexLock lock(mutex_);
  return queue_->more_wait(target);
}

/// Since it ended, if this isn't the first try: a process before this one, and the target while it
/// was away, are no reason to begin anew. By a wall clock that was set since it may be wrong.
void LeaseEnds::note_refused(const PendingEnd& end) {
  const auto age = end.attempts > 0 ? clock_.wall() - end.since : std::chrono::nanoseconds(0);
  const auto since = clock_.boottime() - std::max(age, std::chrono::nanoseconds(0));
  refused_->note(end.lease.terms.target, end.lease.id(), since);
}

Result<void> LeaseEnds::stage_reached(envelope::SealedTransaction& tx, std::string_view target) {
  COFFER_TRY(const auto stored, tx.read(target_row(target)));
  if (!stored) return {};
  COFFER_TRY(const TargetRow was, decode_target(stored->value));
  if (was.failing_since == WallTime{}) return {};
  return tx.write(target_row(target), encode_target({}), Expect::anything());
}

Result<bool> LeaseEnds::stage_done(envelope::SealedTransaction& tx, const PendingEnd& end) const {
  const std::string& target = end.lease.terms.target;
  const envelope::RowName row = pending_row(target, end.lease.id());
  const envelope::RowName mark = precaution_row(target, end.lease.id());
  if (!end.forced) COFFER_CHECK(stage_reached(tx, target));
  if (end.rounds == 0 || end.forced) {
    tx.erase(row, Expect::unchanged(end.version));
    if (end.precaution) tx.erase(mark, Expect::anything());
    return true;
  }
  if (!end.precaution) COFFER_CHECK(tx.write(mark, {}, Expect::anything()));
  PendingEnd next = end;
  next.precaution = true;
  next.rounds = static_cast<std::uint8_t>(end.rounds - 1);
  next.not_before = clock_.wall() + EndQueue::pause_before(next.rounds);
  // A clock that was set back could make them equal, as they are before the first try alone.
  if (next.not_before == next.since) ++next.not_before;
  next.attempts = 0;
  next.was_away = false;
  next.last_error.clear();
  COFFER_CHECK(tx.write(row, encode_pending(next), Expect::unchanged(end.version)));
  return false;
}

Result<void> LeaseEnds::stage_failed(envelope::SealedTransaction& tx, const PendingEnd& end,
                                     const Error& error) const {
  const std::string& target = end.lease.terms.target;
  const WallTime now = clock_.wall();
  PendingEnd next = end;
  ++next.attempts;
  next.last_error = error.text.substr(0, kMaxErrorText);
  const auto salt = std::hash<std::string>()(end.lease.name);
  auto pause = EndQueue::backoff(next.attempts, salt);
  const bool unreachable = outcome_of(error) == EndOutcome::unreachable;
  next.was_away = unreachable;
  if (!unreachable) {
    COFFER_CHECK(stage_reached(tx, target));
    if (is_tried_often(end)) pause = std::min(pause, EndQueue::kLongestAway);
  }
  if (unreachable) {
    pause = std::min(pause, EndQueue::kLongestAway);
    COFFER_TRY(const auto stored, tx.read(target_row(target)));
    TargetRow row;
    if (stored) {
      COFFER_TRY(row, decode_target(stored->value));
    }
    if (row.failing_since == WallTime{}) row.failing_since = now;
    ++row.attempts;
    row.last_error = next.last_error;
    COFFER_CHECK(tx.write(target_row(target), encode_target(row), Expect::anything()));
  }
  next.not_before = now + pause;
  return tx.write(pending_row(target, end.lease.id()), encode_pending(next),
                  Expect::unchanged(end.version));
}

void LeaseEnds::settle(const PendingEnd& end, EndOutcome outcome, bool gone) {
  const MutexLock lock(mutex_);
  const auto now = clock_.boottime();
  switch (outcome) {
    case EndOutcome::done: queue_->done(end, gone, now); break;
    case EndOutcome::failed: queue_->failed(end, now); break;
    case EndOutcome::unreachable: queue_->unreachable(end, now); break;
    case EndOutcome::overtaken: queue_->overtaken(end, now); break;
  }
  if (outcome == EndOutcome::failed && !gone) {
    note_refused(end);
  } else if (outcome != EndOutcome::unreachable || gone) {
    // One that was overtaken is noted when it is looked at anew, if it still waits then.
    refused_->forget(end.lease.terms.target, end.lease.id());
  }
  if (outcome != EndOutcome::overtaken) {
    for (Watch* const watch : watched_) {
      if (watch->id_ == end.lease.id()) watch->outcome_ = outcome;
    }
  }
  tell();
}

void LeaseEnds::wait(std::chrono::nanoseconds most) {
  const MutexLock lock(mutex_);
  const auto now = clock_.boottime();
  const auto next = queue_->next_time(now);
  const auto pause = std::min<std::chrono::nanoseconds>(most, next ? *next - now : most);
  if (!dropped_.empty() || pause <= std::chrono::nanoseconds(0)) return;
  changed_.wait_for(mutex_, pause);
}

void LeaseEnds::wait_for_news(std::chrono::nanoseconds most) {
  const MutexLock lock(mutex_);
  changed_.wait_for(mutex_, most);
}

Result<bool> LeaseEnds::try_again(envelope::SealedTransaction& tx, std::string_view id) {
  COFFER_TRY(const auto targets, target_rows(tx));
  for (const envelope::ListedRow& target : targets) {
    const envelope::RowName row = pending_row(target.name, id);
    COFFER_TRY(const auto stored, tx.read(row));
    if (!stored) continue;
    COFFER_TRY(PendingEnd end, decode_pending(stored->value, id));
    if (end.precaution) return false;
    end.not_before = clock_.wall();
    COFFER_CHECK(tx.write(row, encode_pending(end), Expect::unchanged(stored->version)));
    doubt(target.name);
    return true;
  }
  return false;
}

Result<bool> LeaseEnds::any_below(envelope::SealedTransaction& tx, std::string_view prefix) {
  COFFER_TRY(const auto targets, target_rows(tx));
  for (const envelope::ListedRow& target : targets) {
    const envelope::RowName sample = pending_row(target.name, {});
    envelope::RowPage page;
    do {
      COFFER_TRY(page, tx.page(sample.space, sample.parent, page.next, kPage));
      for (const envelope::ListedRow& row : page.rows) {
        if (!row.name.starts_with(prefix)) continue;
        COFFER_TRY(const PendingEnd end, decode_pending(row.value, row.name));
        if (!end.precaution) return true;
      }
    } while (!page.done);
  }
  return false;
}

void LeaseEnds::under_way(const std::string& id) {
  const MutexLock lock(mutex_);
  under_way_.insert(id);
}

void LeaseEnds::landed(const std::string& id) {
  const MutexLock lock(mutex_);
  under_way_.erase(id);
  tell();
}

bool LeaseEnds::is_under_way(const std::string& id) const {
  const MutexLock lock(mutex_);
  return under_way_.contains(id);
}

void LeaseEnds::drop(Dropped dropped) {
  const MutexLock lock(mutex_);
  dropped_.push_back(std::move(dropped));
  tell();
}

std::vector<LeaseEnds::Dropped> LeaseEnds::take_dropped() {
  const MutexLock lock(mutex_);
  return std::exchange(dropped_, {});
}

Result<std::vector<EndTarget>> LeaseEnds::targets(envelope::SealedTransaction& tx) const {
  COFFER_TRY(const auto rows, target_rows(tx));
  std::vector<EndTarget> targets;
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(const TargetRow stored, decode_target(row.value));
    COFFER_TRY(const Count count, count_of(tx, row.name));
    if (count.pending + count.precautions == 0) continue;
    EndTarget target{.name = row.name,
                     .pending = count.pending,
                     .precautions = count.precautions,
                     .failing_since = stored.failing_since,
                     .attempts = stored.attempts,
                     .last_error = stored.last_error};
    COFFER_CHECK(tell_refused(tx, target));
    const MutexLock lock(mutex_);
    if (const auto next = queue_->next_try(row.name)) {
      target.next_try = clock_.wall() + std::max(*next - clock_.boottime(), EndQueue::Time(0));
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<std::vector<PendingEnd>> LeaseEnds::pending(envelope::SealedTransaction& tx,
                                                   std::size_t at_most) {
  COFFER_TRY(const auto targets, target_rows(tx));
  std::vector<PendingEnd> ends;
  for (const envelope::ListedRow& target : targets) {
    const envelope::RowName sample = pending_row(target.name, {});
    COFFER_TRY(const auto rows, tx.list_some(sample.space, sample.parent, at_most - ends.size()));
    for (const envelope::ListedRow& row : rows) {
      COFFER_TRY(PendingEnd end, decode_pending(row.value, row.name));
      ends.push_back(std::move(end));
    }
    if (ends.size() >= at_most) break;
  }
  return ends;
}

std::vector<std::string> LeaseEnds::failing(std::chrono::seconds at_least) const {
  const MutexLock lock(mutex_);
  std::vector<std::string> names = refused_->targets(clock_.boottime() - at_least);
  for (std::string& name : queue_->targets()) {
    const auto since = queue_->failing_since(name);
    const bool told = std::find(names.begin(), names.end(), name) != names.end();
    if (!told && since && clock_.boottime() - *since >= at_least) names.push_back(std::move(name));
  }
  return names;
}

bool LeaseEnds::is_tried_often(const PendingEnd& end) const {
  const MutexLock lock(mutex_);
  return refused_->is_tried_often(end.lease.terms.target, end.lease.id());
}

Result<void> LeaseEnds::tell_refused(envelope::SealedTransaction& tx, EndTarget& target) const {
  std::string id;
  {
    const MutexLock lock(mutex_);
    id = refused_->oldest_of(target.name);
  }
  if (id.empty() || target.failing_since != WallTime{}) return {};
  COFFER_TRY(const auto stored, tx.read(pending_row(target.name, id)));
  if (!stored) return {};
  COFFER_TRY(const PendingEnd end, decode_pending(stored->value, id));
  if (end.attempts == 0) return {};
  target.failing_since = end.since;
  target.attempts = end.attempts;
  target.last_error = end.last_error;
  target.next_try = end.not_before;
  return {};
}

LeaseEnds::Watch::Watch(LeaseEnds& ends, std::string id) : ends_(ends), id_(std::move(id)) {
  const MutexLock lock(ends_.mutex_);
  ends_.watched_.push_back(this);
}

LeaseEnds::Watch::~Watch() {
  const MutexLock lock(ends_.mutex_);
  ends_.watched_.remove(this);
}

Result<void> LeaseEnds::Watch::wait_for(std::chrono::nanoseconds most) {
  const MutexLock lock(ends_.mutex_);
  const auto until = std::chrono::steady_clock::now() + most;
  while (!outcome_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) break;
    ends_.changed_.wait_for(ends_.mutex_, left);
  }
  if (outcome_ == EndOutcome::done) return {};
  return make_error(ErrorCode::unavailable,
                    outcome_ ? "the lease is revoked, but its end failed and will be tried again"
                             : "the lease is revoked, but its end is still pending");
}

}  // namespace coffer::lifecycle
