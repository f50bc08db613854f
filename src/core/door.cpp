#include "coffer/core/door.h"

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
  thread_ = std::thread([this] { loop(); });
}

Door::~Door() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void Door::finish(Staged staged, std::unique_ptr<Reply> reply) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    wake = queue_.empty();
    queue_.push_back({std::move(staged), std::move(reply)});
  }
  if (wake) arrived_.notify_one();
}

void Door::record(audit::Line line) {
  {
    const MutexLock lock(mutex_);
    own_lines_.push_back(std::move(line));
  }
  arrived_.notify_one();
}

void Door::loop() {
  bool stop = false;
  while (!stop) {
    last_round_ = system_clock().boottime().count();
    Batch batch = take_batch(stop);
    check_log();
    if (!batch.empty()) serve(batch);
    // A line of our own doesn't wait for traffic; if it can't be written, append() has said so.
    if (own_line_owed_) static_cast<void>(append({}));
    sweep_store();
  }
}

Door::Batch Door::take_batch(bool& stop) {
  const MutexLock lock(mutex_);
  if (queue_.empty() && own_lines_.empty() && !stop_) arrived_.wait_for(mutex_, kCheckInterval);
  stop = stop_ && queue_.empty();
  own_line_owed_ = own_line_owed_ || !own_lines_.empty();
  for (audit::Line& line : std::exchange(own_lines_, {})) owed_.push_back(std::move(line));
  return std::exchange(queue_, {});
}

void Door::serve(Batch& batch) {
  std::vector<Pending*> writers;
  for (Pending& pending : batch) {
    if (!pending.staged.writes.empty()) writers.push_back(&pending);
  }
  if (!writers.empty() && log_writers(writers)) commit(writers);
  log_answers(batch);
  release(batch);
}

/// The writers' request lines on disk, before the store knows of any change.
bool Door::log_writers(const std::vector<Pending*>& writers) {
  std::vector<audit::Line> lines;
  for (Pending* writer : writers) {
    if (!writer->request_logged()) lines.push_back(*writer->staged.entry.request);
  }
  const auto logged = append(std::move(lines));
  for (Pending* writer : writers) {
    if (logged.ok()) {
      writer->staged.entry.request.reset();
    } else {
      writer->fate = Fate::refused;
      writer->failure = logged.error();
    }
  }
  return logged.ok();
}

void Door::commit(const std::vector<Pending*>& writers) {
  std::vector<store::Transaction> transactions;
  transactions.reserve(writers.size());
  for (Pending* writer : writers) transactions.push_back(std::move(writer->staged.writes));
  const auto outcomes = store_.commit(transactions);
  for (std::size_t i = 0; i < writers.size(); ++i) {
    Pending& writer = *writers[i];
    if (!outcomes.ok()) {
      writer.fate = Fate::aborted;
      writer.failure = outcomes.error();
      writer.staged.entry.response = trail_.failure_line(writer.id(), outcomes.error());
    } else if ((*outcomes)[i] == store::CommitOutcome::precondition_failed) {
      writer.fate = Fate::lost;
    } else {
      writer.fate = Fate::committed;
    }
  }
}

/// Everything that the log still lacks, synced: from here on answers may leave.
void Door::log_answers(Batch& batch) {
  std::vector<audit::Line> lines;
  lines.reserve(2 * batch.size());
  for (Pending& pending : batch) {
    if (pending.fate == Fate::lost || pending.fate == Fate::refused) continue;
    if (!pending.request_logged()) lines.push_back(std::move(*pending.staged.entry.request));
    lines.push_back(std::move(pending.staged.entry.response));
  }
  const auto logged = append(std::move(lines));
  if (logged.ok()) return;
  for (Pending& pending : batch) {
    if (pending.fate == Fate::lost) continue;
    if (pending.fate == Fate::committed) pending.failure = outcome_unknown();
    if (!pending.failure) pending.failure = logged.error();
    if (pending.request_logged())
      owed_.push_back(trail_.failure_line(pending.id(), *pending.failure));
  }
}

void Door::release(Batch& batch) {
  std::vector<std::unique_ptr<Reply>> replies;
  replies.reserve(batch.size());
  for (Pending& pending : batch) {
    if (pending.fate == Fate::lost) {
      sink_.run_again(std::move(pending.reply));
      continue;
    }
    if (!pending.failure && pending.staged.then) pending.staged.then();
    if (pending.failure && !pending.staged.answer_unlogged) pending.reply->fail(*pending.failure);
    replies.push_back(std::move(pending.reply));
  }
  if (!replies.empty()) sink_.release(std::move(replies));
}

/// A log file that was unlinked, replaced or cut is noticed within a second, traffic or none.
void Door::sweep_store() {
  const auto now = system_clock().boottime();
  if (now - last_sweep_ < kSweepInterval) return;
  last_sweep_ = now;
  store_.sweep();
}

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
  own_line_owed_ = false;
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
