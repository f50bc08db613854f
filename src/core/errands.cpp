#include "coffer/core/errands.h"

#include "at_the_door.h"
#include "coffer/base/failpoint.h"
#include "coffer/base/log.h"
#include "coffer/base/races.h"
#include "coffer/crypto/random.h"

namespace coffer::core {
namespace {

/// So soon does what couldn't be put down run again.
constexpr std::chrono::seconds kTryAgain{10};
/// What nothing can be put down for (the disk is full) stays due: it isn't begun anew before.
constexpr std::chrono::seconds kAfterNothing{1};

/// What a ticket points to.
struct Own {
  const model::Peer peer;
  const model::Request request;
};

bool failed(const Error& error) {
  log::error(error);
  return false;
}

}  // namespace

Errands::Errands(Door& door, const Clock& clock, std::function<void()> done)
    : door_(door), clock_(clock), done_(std::move(done)) {}

Errands::~Errands() {
  drop();
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stop_ = true;
    threads.swap(threads_);
  }
  arrived_.notify_all();
  stopped_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

bool Errands::holds(const lifecycle::Due& due) const {
  const MutexLock lock(mutex_);
  return held_.contains({due.kind, due.id});
}

/// Many that wait for one thing would else keep out all others as soon as it doesn't answer.
bool Errands::has_room(const std::string& target) const {
  const auto load = loads_.find(target);
  if (load == loads_.end()) return true;
  if (target.empty()) return load->second.held < kMaxHeld;
  return load->second.held < kMaxHeldOfOne && held_outside_ < kMaxHeld;
}

bool Errands::take(std::shared_ptr<Unsealed> vault, const lifecycle::Due& due,
                   const std::string& target) {
  {
    const MutexLock lock(mutex_);
    if (held_.contains({due.kind, due.id})) return true;
    if (!has_room(target)) return false;
    held_.emplace(due.kind, due.id);
    ++loads_[target].held;
    if (!target.empty()) ++held_outside_;
    waiting_.push_back({std::move(vault), due, target, running_.get_token()});
    // Most vaults never need one.
    if (waiting_.size() > idle_ && threads_.size() < kThreads) {
      threads_.emplace_back([this] { loop(); });
    }
  }
  arrived_.notify_one();
  return true;
}

void Errands::drop() {
  std::deque<Job> forgotten;
  std::stop_source running;
  {
    const MutexLock lock(mutex_);
    forgotten.swap(waiting_);
    for (const Job& job : forgotten) let_go(job);
    running = std::exchange(running_, std::stop_source());
  }
  running.request_stop();
}

std::size_t Errands::held() const {
  const MutexLock lock(mutex_);
  return held_.size();
}

/// The earliest of the target that has the fewest under way, of those that may have one more.
std::deque<Errands::Job>::iterator Errands::choose() {
  auto best = waiting_.end();
  std::size_t fewest = kThreads;
  for (auto job = waiting_.begin(); job != waiting_.end(); ++job) {
    const std::size_t running = loads_[job->target].running;
    const bool may = job->target.empty() ||
                     (running < kThreadsOfOne && running_outside_ < kThreads - kThreadsKept);
    if (!may || running >= fewest) continue;
    fewest = running;
    best = job;
  }
  return best;
}

/// Whoever ends one looks for the next itself: so nobody needs to be woken when a target may have
/// one more.
std::optional<Errands::Job> Errands::next() {
  const MutexLock lock(mutex_);
  auto chosen = choose();
  while (chosen == waiting_.end() && !stop_) {
    ++idle_;
    arrived_.wait(mutex_);
    --idle_;
    chosen = choose();
  }
  if (stop_) return std::nullopt;
  Job job = std::move(*chosen);
  waiting_.erase(chosen);
  ++loads_[job.target].running;
  if (!job.target.empty()) ++running_outside_;
  return job;
}

void Errands::let_go(const Job& job) {
  held_.erase({job.due.kind, job.due.id});
  if (!job.target.empty()) --held_outside_;
  const auto load = loads_.find(job.target);
  if (--load->second.held == 0) loads_.erase(load);
}

void Errands::forget(const Job& job) {
  const MutexLock lock(mutex_);
  --loads_[job.target].running;
  if (!job.target.empty()) --running_outside_;
  let_go(job);
}

void Errands::loop() {
  while (auto job = next()) {
    bool on_record = false;
    try {
      on_record = perform(*job);
    } catch (const std::bad_alloc&) {
      log::error("out of memory while doing what is due");
    }
    if (!on_record) rest();
    forget(*job);
    // Not before it is forgotten: the next look has to find it free.
    const bool goes_on = !job->stop.stop_requested();
    job.reset();
    if (goes_on) done_();
  }
}

void Errands::rest() {
  const MutexLock lock(mutex_);
  if (!stop_) stopped_.wait_for(mutex_, kAfterNothing);
}

/// False: of what was done nothing is on record.
bool Errands::perform(const Job& job) {
  Result<std::optional<lifecycle::Errand>> planned = std::optional<lifecycle::Errand>();
  {
    const auto tx = job.vault->sealed_store->begin();
    if (!tx.ok()) return failed(tx.error());
    // The sweeper's look may be older than the end of this very errand: once more would be twice.
    const Result<bool> stands = lifecycle::Handlers::stands(**tx, job.due);
    if (!stands.ok()) return failed(stands.error());
    if (!*stands) return true;
    planned = job.vault->due_handlers.plan(**tx, job.due, clock_.wall());
  }
  if (planned.ok()) {
    const lifecycle::Errand nothing{.path = "sys/due/" + job.due.kind + "/" + job.due.id};
    return carry_out(job, planned->value_or(nothing));
  }
  if (planned.error().code == ErrorCode::conflict) return true;  // due still
  log::error(planned.error());
  const Error error = planned.error();
  // Put off, on the record: it would fail again at once, and for ever.
  return carry_out(job, {.path = "sys/due/" + job.due.kind + "/" + job.due.id,
                         .act = [error](const std::stop_token&) -> Result<void> { return error; },
                         .record =
                             [due = job.due](envelope::SealedTransaction& tx, WallTime now) {
                               return lifecycle::schedule(tx, due.kind, due.id,
                                                          now + std::chrono::minutes(1), now);
                             }});
}

/// The request line is on disk before anything happens outside, as for anyone's request.
Result<void> Errands::act(const Job& job, const lifecycle::Errand& errand,
                          audit::Ticket& ticket) const {
  if (!errand.act) return {};
  if (job.vault->due_handlers.reaches_outside(job.due.kind)) COFFER_CHECK(ticket.make_durable());
  COFFER_FAILPOINT("errand.begins");
  return errand.act(job.stop);
}

/// Cut short by a seal or a stop, nobody knows what it came to: it is as after a crash, and its row
/// stays due.
bool Errands::carry_out(const Job& job, const lifecycle::Errand& errand) {
  const auto id = crypto::random_uuid();
  if (!id.ok()) return failed(id.error());
  const Own own{own_peer(),
                {.id = *id,
                 .time = clock_.wall(),
                 .operation = model::Operation::update,
                 .path = errand.path,
                 .fields = {}}};
  audit::Ticket ticket = job.vault->trail->open(own.request, own.peer);
  const Result<void> acted = act(job, errand, ticket);
  COFFER_FAILPOINT("errand.acted");
  const bool cut = !acted.ok() && job.stop.stop_requested();
  auto end = put_down(job, cut ? nullptr : &errand, acted, std::move(ticket), false);
  for (int race = 1; end == Recorded::lost_a_race && race < kMostRaces; wait_after_race(race++)) {
    audit::Ticket again = job.vault->trail->open(own.request, own.peer);
    end = put_down(job, &errand, acted, std::move(again), true);
  }
  return end == Recorded::yes;
}

/// What is put down: the errand's own, or, where that can't be staged, that its row is put off.
/// With no errand nothing: the row stays as it is.
Result<store::Transaction> Errands::stage(const Job& job, const lifecycle::Errand* errand,
                                          Result<void>& end) const {
  if (errand == nullptr) return store::Transaction();
  for (int race = 0; race < kMostRaces; wait_after_race(race++)) {
    COFFER_TRY(const auto tx, job.vault->sealed_store->begin());
    const WallTime now = clock_.wall();
    const Result<void> staged = lifecycle::Handlers::record(*tx, job.due, *errand, now);
    if (staged.ok()) return tx->take();
    if (staged.error().code == ErrorCode::conflict) continue;
    end = staged;
    COFFER_TRY(const auto fresh, job.vault->sealed_store->begin());
    COFFER_CHECK(lifecycle::postpone(*fresh, job.due, now + kTryAgain, now));
    return fresh->take();
  }
  return make_error(ErrorCode::conflict, "too many writers of the same thing at once");
}

/// `logged`: its request line is there already.
Errands::Recorded Errands::put_down(const Job& job, const lifecycle::Errand* errand,
                                    const Result<void>& acted, audit::Ticket ticket, bool logged) {
  Result<void> end = acted;
  Result<store::Transaction> writes = stage(job, errand, end);
  if (!writes.ok()) end = writes.error();
  const bool writes_ok = writes.ok();
  AtTheDoor waiting;
  auto note = std::make_unique<AtTheDoor::Note>(waiting);
  model::Response response{.outcome = model::Outcome::empty};
  if (!end.ok()) log::error(end.error());
  audit::Entry entry =
      end.ok() ? std::move(ticket).close(response) : std::move(ticket).close(end.error());
  if (logged) entry.request.reset();
  Result<model::Response> told = std::move(response);
  if (!end.ok()) told = end.error();
  door_.finish(
      {std::move(entry), writes.ok() ? *std::move(writes) : store::Transaction(), std::move(told)},
      std::move(note));
  const AtTheDoor::End how = waiting.wait();
  COFFER_FAILPOINT("errand.recorded");
  COFFER_FAILPOINT_OF("errand.recorded", errand == nullptr ? "" : errand->path);
  if (how == AtTheDoor::End::again) return Recorded::lost_a_race;
  return how == AtTheDoor::End::done && writes_ok ? Recorded::yes : Recorded::no;
}

}  // namespace coffer::core
