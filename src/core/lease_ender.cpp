#include "coffer/core/lease_ender.h"

#include "at_the_door.h"
#include "coffer/base/failpoint.h"
#include "coffer/base/log.h"
#include "coffer/base/races.h"
#include "coffer/base/thread.h"
#include "coffer/core/unsealed.h"
#include "coffer/crypto/random.h"

namespace coffer::core {
namespace {

using lifecycle::EndOutcome;
using lifecycle::PendingEnd;

constexpr std::chrono::milliseconds kLook{100};
/// After what the store or the kernel refused.
constexpr std::chrono::seconds kTryAgain{1};
constexpr std::chrono::minutes kTellAfter{1};

bool is_over(const PendingEnd& end, const Result<void>& tried) { return tried.ok() || end.forced; }

/// What follows from a try; `gone`: the lease's last row goes.
Result<store::Transaction> stage(Unsealed& vault, const PendingEnd& end, const Result<void>& tried,
                                 bool& gone) {
  for (int race = 0; race < kMostRaces; wait_after_race(race++)) {
    COFFER_TRY(const auto tx, vault.sealed_store->begin());
    Result<void> staged;
    gone = false;
    if (is_over(end, tried)) {
      const Result<bool> done = vault.leases->ends().stage_done(*tx, end);
      if (done.ok()) gone = *done;
      staged = done.ok() ? Result<void>() : Result<void>(done.error());
    } else {
      staged = vault.leases->ends().stage_failed(*tx, end, tried.error());
    }
    if (staged.ok()) return tx->take();
    if (staged.error().code != ErrorCode::conflict) return staged.error();
  }
  return make_error(ErrorCode::conflict, "too many writers of the same thing at once");
}

}  // namespace

LeaseEnder::LeaseEnder(State& state, Door& door, const Clock& clock)
    : state_(state), door_(door), clock_(clock) {
  looker_ = std::thread([this] { look(); });
}

LeaseEnder::~LeaseEnder() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  stopped_.notify_all();
  looker_.join();
  // Helpers end by themselves, and put themselves among the finished.
  Threads finished;
  {
    const MutexLock lock(mutex_);
    while (!helpers_.empty()) changed_.wait(mutex_);
    finished.swap(finished_);
  }
  for (std::thread& thread : finished) thread.join();
}

bool LeaseEnder::stopping() {
  const MutexLock lock(mutex_);
  return stop_;
}

void LeaseEnder::pause(std::chrono::milliseconds most) {
  const MutexLock lock(mutex_);
  if (!stop_) stopped_.wait_for(mutex_, most);
}

/// Until the round is over in which it began. Nothing but a stop wakes it.
void LeaseEnder::rest(std::chrono::nanoseconds since) {
  const std::chrono::nanoseconds pace = kPace;
  const auto left = (since / pace + 1) * pace - clock_.boottime();
  const MutexLock lock(mutex_);
  if (!stop_ && left > std::chrono::nanoseconds(0)) stopped_.wait_for(mutex_, left);
}

/// Never runs an end itself: whatever hangs, someone looks.
void LeaseEnder::look() {
  while (!stopping()) {
    try {
      look_once();
    } catch (const std::bad_alloc&) {
      log::error("out of memory while looking for leases to end");
      pause(kTryAgain);
    }
  }
}

void LeaseEnder::look_once() {
  const std::shared_ptr<Unsealed> vault = state_.unsealed();
  if (vault == nullptr || vault->outside_paused) return pause(kLook);
  // What can't be committed is kept, and wakes whoever waits for work: not at once again.
  const Result<void> ended = vault->leases->end_dropped(clock_.wall());
  if (!ended.ok()) {
    log::error(ended.error());
    pause(kTryAgain);
  }
  if (auto end = next(*vault)) return call_for_help(Job{vault, *std::move(end)});
  tell_of_failing(*vault);
  vault->leases->ends().wait(kLook);
}

/// Goes on with what there is; the looker gives others a helper of their own meanwhile.
void LeaseEnder::help(Threads::iterator self, Job job) {
  try {
    run(*job.vault, job.end);
    while (!stopping() && state_.unsealed() == job.vault && !job.vault->outside_paused) {
      auto end = next(*job.vault);
      if (!end) break;
      run(*job.vault, *end);
    }
  } catch (const std::bad_alloc&) {
    log::error("out of memory while ending leases");
  }
  job.vault.reset();
  const MutexLock lock(mutex_);
  finished_.splice(finished_.end(), helpers_, self);
  changed_.notify_all();
}

void LeaseEnder::call_for_help(Job job) {
  Threads finished;
  const auto mine = std::make_shared<Job>(std::move(job));
  Result<void> begun;
  {
    const MutexLock lock(mutex_);
    finished.swap(finished_);
    helpers_.emplace_front();
    const auto self = helpers_.begin();
    auto thread = start_thread([this, self, mine] { help(self, std::move(*mine)); });
    if (thread.ok()) {
      *self = *std::move(thread);
    } else {
      helpers_.erase(self);
      begun = thread.error();
    }
  }
  for (std::thread& thread : finished) thread.join();
  if (begun.ok()) return;
  // One of those that are there takes it, or the next look.
  log::error(begun.error());
  mine->vault->leases->ends().settle(mine->end, EndOutcome::overtaken, false);
  pause(kTryAgain);
}

std::optional<PendingEnd> LeaseEnder::next(Unsealed& vault) {
  auto end = vault.leases->ends().take(*vault.sealed_store);
  if (end.ok()) return *std::move(end);
  if (end.error().code != ErrorCode::conflict) log::error(end.error());
  return std::nullopt;
}

/// A forced one of a target that is known to be away needs no try.
Result<void> LeaseEnder::attempt(Unsealed& vault, const PendingEnd& end,
                                 audit::Ticket& ticket) const {
  const std::string& target = end.lease.terms.target;
  if (end.forced && !vault.leases->ends().reachable(target)) return {};
  const lifecycle::LeaseKind* kind = vault.leases->kind(end.lease.terms.kind);
  if (kind == nullptr) {
    return make_error(ErrorCode::internal, "nobody knows how to end a lease of this kind");
  }
  COFFER_CHECK(ticket.make_durable());
  COFFER_FAILPOINT("lease.end.begins");
  return kind->end(end.lease);
}

/// As anyone's request, but for its caller: there is none. What failed is on record with its error,
/// and so is what is forgotten although it failed.
void LeaseEnder::run(Unsealed& vault, const PendingEnd& end) {
  lifecycle::LeaseEnds& ends = vault.leases->ends();
  const auto began = clock_.boottime();
  const auto id = crypto::random_uuid();
  if (!id.ok()) {
    log::error(id.error());
    return ends.settle(end, EndOutcome::unreachable, false);
  }
  const model::Peer peer = own_peer();
  const model::Request request{.id = *id,
                               .time = clock_.wall(),
                               .operation = model::Operation::remove,
                               .path = "sys/leases/end/" + end.lease.id(),
                               .fields = {}};
  audit::Ticket ticket = vault.trail->open(request, peer);
  const Result<void> tried = attempt(vault, end, ticket);
  COFFER_FAILPOINT("lease.end.taken");
  EndOutcome outcome = tried.ok() ? EndOutcome::done : lifecycle::outcome_of(tried.error());
  bool gone = false;
  auto writes = stage(vault, end, tried, gone);
  Result<model::Response> response = model::Response{.outcome = model::Outcome::empty};
  if (!tried.ok()) response = tried.error();
  if (!writes.ok()) response = writes.error();
  audit::Entry entry = response.ok() ? std::move(ticket).close(*response)
                                     : std::move(ticket).close(response.error());
  const bool staged = writes.ok();
  AtTheDoor at_the_door;
  door_.finish(
      {std::move(entry), staged ? *std::move(writes) : store::Transaction(), std::move(response)},
      std::make_unique<AtTheDoor::Note>(at_the_door));
  const AtTheDoor::End ended = at_the_door.wait();
  COFFER_FAILPOINT("lease.end.recorded");
  if (ended == AtTheDoor::End::again) outcome = EndOutcome::overtaken;
  if (ended == AtTheDoor::End::failed || !staged) outcome = EndOutcome::unreachable;
  // Before its place is free: for a free one the looker would find another helper at once.
  if (ends.more_wait(end.lease.terms.target)) rest(began);
  ends.settle(end, outcome, gone);
  const bool committed = staged && ended == AtTheDoor::End::done;
  if (committed && is_over(end, tried) && !end.precaution) vault.leases->counts().gone();
}

/// Once for each trouble.
void LeaseEnder::tell_of_failing(Unsealed& vault) {
  const std::vector<std::string> names = vault.leases->ends().failing(kTellAfter);
  std::set<std::string> failing(names.begin(), names.end());
  for (const std::string& name : failing) {
    if (told_.contains(name)) continue;
    door_.record(vault.trail->system_line("lease_target_failing", name));
    log::warn("leases of the target " + name +
              " can't be ended: it can't be reached, or refuses; see sys/leases/pending");
  }
  told_ = std::move(failing);
}

}  // namespace coffer::core
