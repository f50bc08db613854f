// Due work that takes long: on threads of its own, so that a program or a database that doesn't
// answer holds up nothing else that is due (lifecycle::Errand). Neither the threads nor the places
// in the line are all one target's: what an errand waits for, by name
// (lifecycle::Handlers::waits_for).
#pragma once

#include <deque>
#include <map>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "coffer/core/door.h"
#include "coffer/core/unsealed.h"

namespace coffer::core {

/// Thread-safe. Nothing here is durable: a row stands where it is until its errand is on record, so
/// whatever is lost here is found again by the next look.
class Errands final {
 public:
  static constexpr std::size_t kThreads = 16;
  /// Of those so many are at work for one target at once, and so many kept for what waits for
  /// nothing outside: however many programs and databases hang, that goes on.
  static constexpr std::size_t kThreadsOfOne = 2;
  static constexpr std::size_t kThreadsKept = 2;
  /// Held, that is waiting or under way, of all targets and of one; a target of which nothing is
  /// held yet is taken all the same. Apart from them so many again that wait for nothing outside.
  static constexpr std::size_t kMaxHeld = 256;
  static constexpr std::size_t kMaxHeldOfOne = 64;

  /// `done` is called after each, on its thread: there may be a next step. All arguments outlive
  /// it.
  Errands(Door& door, const Clock& clock, std::function<void()> done);
  /// Tells those under way to stop, and waits for them.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  /// Whether it was taken, and isn't done with.
  [[nodiscard]] bool holds(const lifecycle::Due& due) const COFFER_EXCLUDES(mutex_);
  /// False: there is no room for it now. One that is held already is taken once.
  [[nodiscard]] bool take(std::shared_ptr<Unsealed> vault, const lifecycle::Due& due,
                          const std::string& target) COFFER_EXCLUDES(mutex_);
  /// Of a vault that was sealed: what waits is forgotten, what is under way is told to stop.
  void drop() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::size_t held() const COFFER_EXCLUDES(mutex_);

 private:
  using Name = std::pair<std::string, std::string>;
  struct Job {
    std::shared_ptr<Unsealed> vault;
    lifecycle::Due due;
    std::string target;  ///< empty: nothing outside
    std::stop_token stop;
  };
  enum class Recorded : std::uint8_t { yes, lost_a_race, no };
  /// What there is of a target.
  struct Load {
    std::size_t held = 0;
    std::size_t running = 0;  ///< of those
  };

  void loop();
  [[nodiscard]] std::optional<Job> next() COFFER_EXCLUDES(mutex_);
  void forget(const Job& job) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool has_room(const std::string& target) const COFFER_REQUIRES(mutex_);
  [[nodiscard]] std::deque<Job>::iterator choose() COFFER_REQUIRES(mutex_);
  void let_go(const Job& job) COFFER_REQUIRES(mutex_);
  void rest() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool perform(const Job& job);
  [[nodiscard]] bool carry_out(const Job& job, const lifecycle::Errand& errand);
  [[nodiscard]] Result<void> act(const Job& job, const lifecycle::Errand& errand,
                                 audit::Ticket& ticket) const;
  [[nodiscard]] Result<store::Transaction> stage(const Job& job, const lifecycle::Errand* errand,
                                                 Result<void>& end) const;
  [[nodiscard]] Recorded put_down(const Job& job, const lifecycle::Errand* errand,
                                  const Result<void>& acted, audit::Ticket ticket, bool logged);

  Door& door_;
  const Clock& clock_;
  const std::function<void()> done_;
  mutable Mutex mutex_;
  CondVar arrived_;
  CondVar stopped_;
  std::deque<Job> waiting_ COFFER_GUARDED_BY(mutex_);
  std::set<Name> held_ COFFER_GUARDED_BY(mutex_);
  /// By target; those alone of which something is held.
  std::map<std::string, Load> loads_ COFFER_GUARDED_BY(mutex_);
  std::size_t held_outside_ COFFER_GUARDED_BY(mutex_) = 0;     ///< of all but the empty target
  std::size_t running_outside_ COFFER_GUARDED_BY(mutex_) = 0;  ///< of those
  std::stop_source running_ COFFER_GUARDED_BY(mutex_);
  std::size_t idle_ COFFER_GUARDED_BY(mutex_) = 0;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
