// The Door: the one place where anything becomes durable, and the last that an answer passes.
//
// Invariant: request line on disk before the store commits; store committed before the response
// line; response line on disk before the answer leaves. Batches share each sync, and one sync has
// the response lines of a batch and the request lines of the next.
//
// One thread at a time attends to it: whoever brings something while nobody does, until nothing has
// gathered any more. So under load one thread stays and nobody is woken, and without load whoever
// worked a request out sees it through: measured, a thread of the Door's own cost a wake-up for
// nearly each batch.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/core/pipeline.h"
#include "coffer/core/state.h"

namespace coffer::core {

/// An answer on its way out, rendered already by the worker.
class Reply {
 public:
  virtual ~Reply() = default;
  /// Puts an error in place of the rendered answer.
  virtual void fail(const Error& error) = 0;
  /// For work of the vault's own, which nobody waits for outside: true if this takes note itself of
  /// how it ended, and goes to no sink. `again`: it lost a race, and nothing was done.
  virtual bool settle(bool again) {
    (void)again;
    return false;
  }
};

/// Where replies go. Called by the thread that attends to the Door; must not block.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void release(std::vector<std::unique_ptr<Reply>> replies) = 0;
  /// The request lost a race: run it again from the start. Its request line is in the log already.
  virtual void run_again(std::unique_ptr<Reply> reply) = 0;
  /// These were committed, all or some of them: for whoever waits for a row to change.
  virtual void committed(std::span<const store::Transaction> transactions) { (void)transactions; }
};

class Door final {
 public:
  /// Starts its thread. All arguments outlive the Door.
  Door(audit::Log& log, const audit::Trail& trail, store::Store& store, State& state,
       ReplySink& sink);
  /// Finishes what was given to it, then stops. No finish() may be under way.
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// From any thread that may block: the caller may have to attend to the Door. Reads need one sync
  /// of the log, writes also the store's commit.
  void finish(Staged staged, std::unique_ptr<Reply> reply) COFFER_EXCLUDES(mutex_);

  /// A line about the daemon itself, from any thread. It goes with the next batch, and waits for
  /// the log if that can't be written.
  void record(audit::Line line) COFFER_EXCLUDES(mutex_);

  /// When it was last attended to, by Clock::boottime(): each second, unless the disk hangs.
  [[nodiscard]] std::chrono::nanoseconds last_round() const noexcept {
    return std::chrono::nanoseconds(last_round_.load());
  }

 private:
  struct Pending {
    Staged staged;
    std::unique_ptr<Reply> reply;
    std::optional<Error> failure{};

    [[nodiscard]] bool request_logged() const { return !staged.entry.request.has_value(); }
    [[nodiscard]] bool writes() const { return !staged.writes.empty(); }
    [[nodiscard]] const Uuid& id() const { return staged.entry.response.request; }
  };
  using Batch = std::vector<Pending>;

  void watch() COFFER_EXCLUDES(mutex_);
  void attend() COFFER_EXCLUDES(mutex_);
  /// Moves own_lines_ to what is owed.
  [[nodiscard]] Batch take_batch() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool leave() COFFER_EXCLUDES(mutex_);
  void log_lines(Batch& committed, Batch& batch);
  void not_logged(Batch& committed, Batch& batch, const Error& error);
  [[nodiscard]] Batch serve(Batch batch);
  void commit(Batch& writers);
  void release(Batch& batch);
  void check_log();
  void sweep_store();
  void report(const Error& error);
  void report_recovery();
  [[nodiscard]] Result<void> append(std::vector<audit::Line> lines);

  audit::Log& log_;
  const audit::Trail& trail_;
  store::Store& store_;
  State& state_;
  ReplySink& sink_;

  std::atomic<std::chrono::nanoseconds::rep> last_round_{0};

  // Of the thread that attends; `attended_` hands them over.

  /// Closing lines of requests whose own could not be written, and lines of the daemon's own; they
  /// go first once the log is back.
  std::vector<audit::Line> owed_;
  std::optional<Error> log_gone_;  ///< what the last check of the file said
  std::chrono::nanoseconds last_check_{0};
  std::chrono::nanoseconds last_sweep_{0};
  bool troubled_ = false;

  Mutex mutex_;
  CondVar changed_;
  Batch queue_ COFFER_GUARDED_BY(mutex_);
  std::vector<audit::Line> own_lines_ COFFER_GUARDED_BY(mutex_);
  bool attended_ COFFER_GUARDED_BY(mutex_) = false;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace coffer::core
