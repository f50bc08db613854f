#include "coffer/core/sweeper.h"

#include <algorithm>
#include <list>

#include "at_the_door.h"
#include "coffer/base/log.h"
#include "coffer/core/rotation.h"
#include "coffer/core/unsealed.h"
#include "coffer/crypto/random.h"

namespace coffer::core {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr std::chrono::nanoseconds kShortest = std::chrono::milliseconds(1);
/// Handled between two looks; as many requests of the vault's own are at the Door at most.
constexpr std::size_t kStep = 64;
/// While there is more it rests nine times as long as it worked: who is served has the machine. But
/// where others have it too, what is due mustn't wait for ever.
constexpr int kRestTimes = 9;
constexpr std::chrono::milliseconds kLongestRest{200};
constexpr std::chrono::minutes kTryAgain{1};
/// For errands that find the line before the threads full.
constexpr std::chrono::seconds kWhenFull{5};

}  // namespace

/// Counts what is still at the Door. The requests that tickets point to live here.
struct Sweeper::Batch {
  const model::Peer peer = own_peer();
  std::list<model::Request> requests;
  Mutex mutex;
  CondVar all_settled;
  std::size_t open COFFER_GUARDED_BY(mutex) = 0;
  bool failed COFFER_GUARDED_BY(mutex) = false;

  /// False: something failed.
  bool wait() COFFER_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    while (open > 0) all_settled.wait(mutex);
    return !failed;
  }
};

/// A row whose handling failed or lost a race is still there, and due: the next look finds it.
class Sweeper::Settled final : public Reply {
 public:
  explicit Settled(Batch& batch) : batch_(batch) {
    const MutexLock lock(batch_.mutex);
    ++batch_.open;
  }
  ~Settled() override {
    const MutexLock lock(batch_.mutex);
    --batch_.open;
    batch_.all_settled.notify_all();
  }
  void fail(const Error& error) override {
    log::error(error);
    const MutexLock lock(batch_.mutex);
    batch_.failed = true;
  }
  bool settle(bool /*again*/) override { return true; }

 private:
  Batch& batch_;
};

Sweeper::Sweeper(State& state, store::Store& store, Door& door, const Clock& clock)
    : state_(state), store_(store), door_(door), clock_(clock), errands_(door, clock, [this] {
        look_again();
      }) {
  thread_ = std::thread([this] { loop(); });
}

Sweeper::~Sweeper() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

bool Sweeper::wait_for_stop() {
  const std::chrono::nanoseconds pause = until_next();
  const MutexLock lock(mutex_);
  if (!stop_ && !look_again_) stopped_.wait_for(mutex_, pause);
  look_again_ = false;
  return stop_;
}

void Sweeper::look_again() {
  {
    const MutexLock lock(mutex_);
    look_again_ = true;
  }
  stopped_.notify_all();
}

/// Rows come to the nanosecond, so that work in steps can keep a pace of its own.
std::chrono::nanoseconds Sweeper::until_next() const {
  const std::chrono::nanoseconds longest = kInterval;
  if (!next_) return longest;
  return std::clamp(std::chrono::nanoseconds(*next_ - clock_.wall()), kShortest, longest);
}

void Sweeper::loop() {
  do {
    for (auto began = clock_.boottime(); sweep(); began = clock_.boottime()) {
      rest(clock_.boottime() - began);
      const MutexLock lock(mutex_);
      if (stop_) return;
    }
  } while (!wait_for_stop());
}

bool Sweeper::sweep() {
  const std::shared_ptr<Unsealed> vault = state_.unsealed();
  if (vault == nullptr) {
    errands_.drop();
    return false;
  }
  try {
    if (vault->key_work) resume_keys(*vault);
    const Result<bool> more = sweep_open(vault);
    if (more.ok()) return *more;
    if (more.error().code != ErrorCode::conflict) log::error(more.error());
  } catch (const std::bad_alloc&) {
    log::error("out of memory while handling what is due");
  }
  return false;
}

Result<bool> Sweeper::sweep_open(const std::shared_ptr<Unsealed>& vault) {
  COFFER_TRY(const auto tx, vault->sealed_store->begin());
  // Rows of errands under way still stand: they must not be all that is seen.
  const std::size_t most = kStep + errands_.held();
  COFFER_TRY(lifecycle::Sweep found, lifecycle::due(*tx, clock_.wall(), most));
  // Once for each trouble, not each second.
  if (found.trouble && found.trouble->text != trouble_) log::error(*found.trouble);
  trouble_ = found.trouble ? found.trouble->text : std::string();
  next_ = found.next;
  bool moved = false;
  std::erase_if(found.due, [&](const lifecycle::Due& due) {
    const Sent sent = send(vault, *tx, due);
    moved = moved || sent == Sent::moved;
    return sent != Sent::no;
  });
  if (found.due.empty()) {
    advance(*vault);
    // Behind very many of one program that hangs there may be one of another.
    return found.more && moved;
  }
  Batch batch;
  for (const lifecycle::Due& due : found.due) handle(*vault, due, batch);
  // What was handled may have set its next step, for now or for soon.
  if (batch.wait()) next_ = clock_.wall();
  return found.more;
}

void Sweeper::rest(std::chrono::nanoseconds worked) {
  const auto pause = std::min<std::chrono::nanoseconds>(worked * kRestTimes, kLongestRest);
  const MutexLock lock(mutex_);
  if (!stop_ && pause > std::chrono::nanoseconds(0)) stopped_.wait_for(mutex_, pause);
}

Sweeper::Sent Sweeper::send(const std::shared_ptr<Unsealed>& vault, envelope::SealedTransaction& tx,
                            const lifecycle::Due& due) {
  if (!vault->due_handlers.is_errand(due.kind)) return Sent::no;
  if (vault->outside_paused && vault->due_handlers.reaches_outside(due.kind)) {
    postpone(*vault, due, kTryAgain);
    return Sent::moved;
  }
  if (errands_.holds(due)) return Sent::is_there;
  const Result<std::string> target = vault->due_handlers.waits_for(tx, due);
  if (!target.ok()) return Sent::is_there;  // a lost race, and nothing else: it is due still
  if (!errands_.take(vault, due, *target)) postpone(*vault, due, kWhenFull);
  return Sent::moved;
}

/// A request like any other, but for its caller: there is none.
void Sweeper::handle(Unsealed& vault, const lifecycle::Due& due, Batch& batch) {
  // After a restore: what the backup says of the world outside may long be over.
  if (vault.outside_paused && vault.due_handlers.reaches_outside(due.kind)) {
    return postpone(vault, due, kTryAgain);
  }
  const auto id = crypto::random_uuid();
  if (!id.ok()) return log::error(id.error());
  model::Request& request =
      batch.requests.emplace_back(model::Request{.id = *id,
                                                 .time = clock_.wall(),
                                                 .operation = model::Operation::remove,
                                                 .path = "sys/due/" + due.kind + "/" + due.id,
                                                 .fields = {}});
  audit::Ticket ticket = vault.trail->open(request, batch.peer);
  auto tx = vault.sealed_store->begin();
  Result<void> done = tx.ok() ? run(vault, due, request.time, ticket, **tx) : tx.error();
  auto reply = std::make_unique<Settled>(batch);
  if (!done.ok()) {
    // Lost a race: it is due still. Anything else would fail again at once, and hold up the others.
    if (done.error().code != ErrorCode::conflict) put_off(vault, due, done.error());
    {
      const MutexLock lock(batch.mutex);
      batch.failed = true;
    }
    Error error = std::move(done).error();
    return door_.finish({std::move(ticket).close(error), {}, std::move(error)}, std::move(reply));
  }
  model::Response response{.outcome = model::Outcome::empty};
  door_.finish({std::move(ticket).close(response), (*tx)->take(), std::move(response)},
               std::move(reply));
}

Result<void> Sweeper::run(Unsealed& vault, const lifecycle::Due& due, WallTime now,
                          audit::Ticket& ticket, envelope::SealedTransaction& tx) {
  if (vault.due_handlers.reaches_outside(due.kind)) COFFER_CHECK(ticket.make_durable());
  return vault.due_handlers.run(tx, due, now);
}

/// Beside the Door, as the mark below: nothing of it can be seen but when it is tried again.
void Sweeper::put_off(Unsealed& vault, const lifecycle::Due& due, const Error& error) {
  log::error(error);
  postpone(vault, due, kTryAgain);
}

void Sweeper::postpone(Unsealed& vault, const lifecycle::Due& due, std::chrono::seconds by) {
  const auto tx = vault.sealed_store->begin();
  const WallTime now = clock_.wall();
  if (!tx.ok() || !lifecycle::postpone(**tx, due, now + by, now).ok()) return;
  static_cast<void>(commit((*tx)->take()));
}

bool Sweeper::commit(store::Transaction transaction) {
  if (transaction.empty()) return true;
  const store::Transaction all[] = {std::move(transaction)};
  const auto done = store_.commit(all);
  if (!done.ok()) log::error(done.error());
  return done.ok() && done->front() == store::CommitOutcome::committed;
}

/// A row to look at, and nothing that anyone can see: no Door for it either.
void Sweeper::resume_keys(Unsealed& vault) {
  vault.key_work = false;
  const auto tx = vault.sealed_store->begin();
  const bool staged = tx.ok() && resume_key_work(vault, **tx, clock_.wall()).ok();
  if (!staged || !commit((*tx)->take())) vault.key_work = true;
}

/// The mark says which minutes need no look any more. Nobody sees it, so it passes no Door
/// (docs/decisions/0010).
void Sweeper::advance(Unsealed& vault) {
  const auto tx = vault.sealed_store->begin();
  if (!tx.ok() || !lifecycle::advance(**tx, clock_.wall()).ok()) return;
  static_cast<void>(commit((*tx)->take()));
}

}  // namespace coffer::core
