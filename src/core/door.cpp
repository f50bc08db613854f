#include "coffer/core/door.h"

#include <algorithm>
#include <iterator>

#include "coffer/base/failpoint.h"
#include "coffer/base/log.h"

namespace coffer::core {
namespace {

constexpr std::chrono::seconds kCheckInterval{1};
/// What was erased may stand in the store's log for so long. Less would cost every writer: a KV key
/// that has its ten versions erases one at each write.
constexpr std::chrono::seconds kSweepInterval{5};

Error outcome_unknown() {
  return make_error(ErrorCode::unavailable,
                    "outcome unknown: the change was made, but the audit log could not record the "
                    "answer");
}

}  // namespace

Door::Door(audit::Log& log, const audit::Trail& trail, store::Store& store, State& state,
           ReplySink& sink)
    : log_(log), trail_(trail), store_(store), state_(state), sink_(sink) {
  last_round_ = system_clock().boottime().count();
  thread_ = std::thread([this] { watch(); });
}

Door::~Door() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Door::finish(Staged staged, std::unique_ptr<Reply> reply) {
  {
    const MutexLock lock(mutex_);
    queue_.push_back({std::move(staged), std::move(reply)});
    if (attended_) return;
    attended_ = true;
  }
  attend();
}

void Door::record(audit::Line line) {
  {
    const MutexLock lock(mutex_);
    own_lines_.push_back(std::move(line));
  }
  changed_.notify_one();
}

/// Looks at the log each second, traffic or none.
void Door::watch() {
  for (bool stop = false; !stop;) {
    {
      const MutexLock lock(mutex_);
      // Who attends takes lines of our own along.
      if (!stop_ && (attended_ || own_lines_.empty())) changed_.wait_for(mutex_, kCheckInterval);
      // Who attends looks at the log too. The last to stop waits until nobody does.
      while (stop_ && attended_) changed_.wait(mutex_);
      if (attended_) continue;
      stop = stop_;
      attended_ = true;
    }
    attend();
  }
}

/// Serves until nothing has gathered any more. Precondition: `attended_` was set by the caller.
void Door::attend() {
  Batch committed;
  do {
    last_round_ = system_clock().boottime().count();
    check_log();
    Batch batch = take_batch();
    log_lines(committed, batch);
    release(committed);
    committed = serve(std::move(batch));
    sweep_store();
  } while (!committed.empty() || !leave());
}

Door::Batch Door::take_batch() {
  const MutexLock lock(mutex_);
  for (audit::Line& line : std::exchange(own_lines_, {})) owed_.push_back(std::move(line));
  return std::exchange(queue_, {});
}

/// False: something has gathered in the meantime.
bool Door::leave() {
  const MutexLock lock(mutex_);
  if (!queue_.empty() || !own_lines_.empty()) return false;
  attended_ = false;
  if (stop_) changed_.notify_all();
  return true;
}

/// One write and one sync for all that the log lacks: the response lines of what the batch before
/// committed, the request lines of this batch's writers, both lines of the others.
void Door::log_lines(Batch& committed, Batch& batch) {
  std::vector<audit::Line> lines;
  lines.reserve(committed.size() + 2 * batch.size());
  for (Pending& pending : committed) lines.push_back(std::move(pending.staged.entry.response));
  for (Pending& pending : batch) {
    if (!pending.request_logged()) lines.push_back(*std::move(pending.staged.entry.request));
    if (!pending.writes()) lines.push_back(std::move(pending.staged.entry.response));
  }
  const auto logged = append(std::move(lines));
  if (!logged.ok()) return not_logged(committed, batch, logged.error());
  for (Pending& pending : batch) pending.staged.entry.request.reset();
}

/// Nothing of the call was written. What was committed has happened all the same.
void Door::not_logged(Batch& committed, Batch& batch, const Error& error) {
  for (Pending& pending : committed) {
    if (!pending.failure) pending.failure = outcome_unknown();
    owed_.push_back(trail_.failure_line(pending.id(), *pending.failure));
  }
  for (Pending& pending : batch) {
    pending.failure = error;
    // It ran before, or had an outside effect: its request line must not stand open.
    if (pending.request_logged()) owed_.push_back(trail_.failure_line(pending.id(), error));
  }
}

/// Releases what changes nothing, or must not; commits the rest. Gives what stands in the log with
/// its request line alone.
Door::Batch Door::serve(Batch batch) {
  const auto stays = [](const Pending& pending) { return !pending.writes() || pending.failure; };
  const auto first = std::stable_partition(batch.begin(), batch.end(), stays);
  Batch writers(std::make_move_iterator(first), std::make_move_iterator(batch.end()));
  batch.erase(first, batch.end());
  release(batch);
  if (!writers.empty()) commit(writers);
  return writers;
}

void Door::commit(Batch& writers) {
  std::vector<store::Transaction> transactions;
  transactions.reserve(writers.size());
  for (Pending& writer : writers) transactions.push_back(std::move(writer.staged.writes));
  COFFER_FAILPOINT("door.logged");
  const auto outcomes = store_.commit(transactions);
  COFFER_FAILPOINT("door.committed");
  if (outcomes.ok()) sink_.committed(transactions);
  Batch answered;
  for (std::size_t i = 0; i < writers.size(); ++i) {
    Pending& writer = writers[i];
    if (!outcomes.ok()) {
      writer.failure = outcomes.error();
      writer.staged.entry.response = trail_.failure_line(writer.id(), outcomes.error());
    } else if ((*outcomes)[i] == store::CommitOutcome::precondition_failed) {
      if (!writer.reply->settle(true)) sink_.run_again(std::move(writer.reply));
      continue;
    }
    answered.push_back(std::move(writer));
  }
  writers = std::move(answered);
}

/// Precondition: what the log must have of them is on disk, or they carry a failure.
void Door::release(Batch& batch) {
  if (batch.empty()) return;
  std::vector<std::unique_ptr<Reply>> replies;
  replies.reserve(batch.size());
  for (Pending& pending : batch) {
    if (!pending.failure && pending.staged.then) pending.staged.then();
    if (pending.failure && !pending.staged.answer_unlogged) pending.reply->fail(*pending.failure);
    if (pending.reply->settle(false)) continue;
    replies.push_back(std::move(pending.reply));
  }
  batch.clear();
  if (!replies.empty()) sink_.release(std::move(replies));
}

void Door::sweep_store() {
  const auto now = system_clock().boottime();
  if (now - last_sweep_ < kSweepInterval) return;
  last_sweep_ = now;
  store_.sweep();
}

/// A log file that was unlinked, replaced or cut is noticed within a second, traffic or none.
void Door::check_log() {
  const auto now = system_clock().boottime();
  if (now - last_check_ < kCheckInterval) return;
  last_check_ = now;
  const auto checked = log_.check();
  log_gone_ = checked.ok() ? std::nullopt : std::optional<Error>(checked.error());
  if (log_gone_) report(*log_gone_);
}

/// What is owed goes first: a request line must not stand open while the log can be written.
Result<void> Door::append(std::vector<audit::Line> lines) {
  if (log_gone_) return *log_gone_;
  lines.insert(lines.begin(), owed_.begin(), owed_.end());
  if (lines.empty()) return {};
  auto logged = log_.append(lines, true);
  if (!logged.ok()) {
    report(logged.error());
    return logged;
  }
  owed_.clear();
  if (troubled_) report_recovery();
  return logged;
}

void Door::report(const Error& error) {
  if (!troubled_) log::error(error);
  troubled_ = true;
  state_.set_log_trouble(error.text);
}

void Door::report_recovery() {
  log::info("the audit log can be written again");
  troubled_ = false;
  state_.set_log_trouble({});
}

}  // namespace coffer::core
