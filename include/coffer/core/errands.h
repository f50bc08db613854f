// Due work that takes long: on threads of its own, so that a program or a database that doesn't
// answer holds up nothing else that is due (lifecycle::Errand).
#pragma once

#include <deque>
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
  static constexpr std::size_t kThreads = 8;
  static constexpr std::size_t kMaxHeld = 256;

  /// `done` is called after each, on its thread: there may be a next step. All arguments outlive
  /// it.
  Errands(Door& door, const Clock& clock, std::function<void()> done);
  /// Tells those under way to stop, and waits for them.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  enum class Taken : std::uint8_t { yes, already, full };
  [[nodiscard]] Taken take(std::shared_ptr<Unsealed> vault, const lifecycle::Due& due)
      COFFER_EXCLUDES(mutex_);
  /// Of a vault that was sealed: what waits is forgotten, what is under way is told to stop.
  void drop() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::size_t held() const COFFER_EXCLUDES(mutex_);

 private:
  using Name = std::pair<std::string, std::string>;
  struct Job {
    std::shared_ptr<Unsealed> vault;
    lifecycle::Due due;
    std::stop_token stop;
  };

  void loop();
  [[nodiscard]] std::optional<Job> next() COFFER_EXCLUDES(mutex_);
  void forget(const lifecycle::Due& due) COFFER_EXCLUDES(mutex_);
  void perform(const Job& job);
  void carry_out(const Job& job, const lifecycle::Errand& errand);
  [[nodiscard]] Result<void> act(const Job& job, const lifecycle::Errand& errand,
                                 audit::Ticket& ticket) const;
  [[nodiscard]] Result<store::Transaction> stage(const Job& job, const lifecycle::Errand* errand,
                                                 Result<void>& end) const;
  [[nodiscard]] bool put_down(const Job& job, const lifecycle::Errand* errand,
                              const Result<void>& acted, audit::Ticket ticket, bool logged);

  Door& door_;
  const Clock& clock_;
  const std::function<void()> done_;
  mutable Mutex mutex_;
  CondVar arrived_;
  std::deque<Job> waiting_ COFFER_GUARDED_BY(mutex_);
  std::set<Name> held_ COFFER_GUARDED_BY(mutex_);
  std::stop_source running_ COFFER_GUARDED_BY(mutex_);
  std::size_t idle_ COFFER_GUARDED_BY(mutex_) = 0;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
