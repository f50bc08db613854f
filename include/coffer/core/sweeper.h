// What time makes happen, as requests of the vault's own: due rows are handled one by one, each
// with its two lines in the log and its commit at the Door, like anyone's request.
#pragma once

#include <optional>
#include <thread>

#include "coffer/core/door.h"
#include "coffer/core/errands.h"
#include "coffer/core/state.h"

namespace coffer::core {

/// One thread, which looks each second, sooner when it knows of a row that comes sooner, and soon
/// while there is more: it rests in between, so that whoever reads isn't held up. While the vault
/// is sealed it does nothing: due rows wait. What may take long has threads of its own (errands.h).
class Sweeper final {
 public:
  /// Starts its thread. All arguments outlive the sweeper; the Door is stopped after it.
  Sweeper(State& state, store::Store& store, Door& door, const Clock& clock);
  /// Waits for what it gave to the Door.
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

 private:
  class Settled;
  struct Batch;
  void loop();
  /// True: there is more to do at once.
  [[nodiscard]] bool sweep();
  [[nodiscard]] Result<bool> sweep_open(const std::shared_ptr<Unsealed>& vault);
  void handle(Unsealed& vault, const lifecycle::Due& due, Batch& batch);
  void rest(std::chrono::nanoseconds worked) COFFER_EXCLUDES(mutex_);
  enum class Sent : std::uint8_t {
    no,        ///< it isn't an errand
    is_there,  ///< and stands in the way of the next look as it did
    moved,     ///< on to a thread, or to a later time
  };
  [[nodiscard]] Sent send(const std::shared_ptr<Unsealed>& vault, envelope::SealedTransaction& tx,
                          const lifecycle::Due& due);
  void look_again() COFFER_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> run(Unsealed& vault, const lifecycle::Due& due, WallTime now,
                                 audit::Ticket& ticket, envelope::SealedTransaction& tx);
  [[nodiscard]] std::chrono::nanoseconds until_next() const;
  void put_off(Unsealed& vault, const lifecycle::Due& due, const Error& error);
  void postpone(Unsealed& vault, const lifecycle::Due& due, std::chrono::seconds by);
  /// False: it wasn't applied.
  bool commit(store::Transaction transaction);
  void resume_keys(Unsealed& vault);
  void advance(Unsealed& vault);
  [[nodiscard]] bool wait_for_stop() COFFER_EXCLUDES(mutex_);

  State& state_;
  store::Store& store_;
  Door& door_;
  const Clock& clock_;
  std::string trouble_;           ///< the last that was told; the thread's own
  std::optional<WallTime> next_;  ///< when a row comes that isn't due yet; the thread's own
  Mutex mutex_;
  CondVar stopped_;
  bool stop_ COFFER_GUARDED_BY(mutex_) = false;
  bool look_again_ COFFER_GUARDED_BY(mutex_) = false;
  Errands errands_;
  std::thread thread_;
};

}  // namespace coffer::core
