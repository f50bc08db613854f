// Runs the ends of leases that targets haven't taken yet: as requests of the vault's own, off the
// path of everybody else's, for ever.
#pragma once

#include <list>
#include <set>
#include <thread>

#include "coffer/core/door.h"
#include "coffer/core/state.h"
#include "coffer/lifecycle/lease_ends.h"

namespace coffer::core {

/// One thread looks; as many more as there is work for, LeaseEnds::kInAll at most, come and go.
/// While many of one target wait, an end keeps its place until the next multiple of kPace. So they
/// come in rounds, which share their commits, and whoever reads meanwhile is held up seldom: 160 a
/// second of a target, as long as that takes no longer.
/// While the vault is sealed, or paused after a restore, it does nothing: ends wait in their rows.
class LeaseEnder final {
 public:
  static constexpr std::chrono::milliseconds kPace{50};

  /// Starts its thread. All arguments outlive it; the Door is stopped after it.
  LeaseEnder(State& state, Door& door, const Clock& clock);
  /// Waits for what it has under way.
  ~LeaseEnder();
  LeaseEnder(const LeaseEnder&) = delete;
  LeaseEnder& operator=(const LeaseEnder&) = delete;

 private:
  using Threads = std::list<std::thread>;

  struct Job {
    std::shared_ptr<Unsealed> vault;
    lifecycle::PendingEnd end;
  };

  void look();
  void look_once();
  void help(Threads::iterator self, Job job);
  void call_for_help(Job job) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<lifecycle::PendingEnd> next(Unsealed& vault);
  void run(Unsealed& vault, const lifecycle::PendingEnd& end);
  [[nodiscard]] Result<void> attempt(Unsealed& vault, const lifecycle::PendingEnd& end,
                                     audit::Ticket& ticket) const;
  void pause(std::chrono::milliseconds most) COFFER_EXCLUDES(mutex_);
  void rest(std::chrono::nanoseconds since) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool stopping() COFFER_EXCLUDES(mutex_);
  void tell_of_failing(Unsealed& vault);

  State& state_;
  Door& door_;
  const Clock& clock_;
  std::set<std::string> told_;  ///< targets that fail, and that the log knows of; the looker's own
  Mutex mutex_;
  CondVar changed_;
  CondVar stopped_;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  Threads helpers_ COFFER_GUARDED_BY(mutex_);
  Threads finished_ COFFER_GUARDED_BY(mutex_);  ///< to be joined
  std::thread looker_;
};

}  // namespace coffer::core
