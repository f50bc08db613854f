// The ends of leases that the targets haven't taken yet: rows of their own, tried for ever, a few
// of each target at a time, so that a target that is away delays no other. No thread here: `core`
// runs them. docs/leases.md.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/mutex.h"
#include "coffer/lifecycle/lease.h"

namespace coffer::lifecycle {

class EndQueue;
class RefusedEnds;

/// One, as its row has it.
struct PendingEnd {
  Lease lease{};
  WallTime since{};       ///< when it ended
  WallTime not_before{};  ///< of the next try
  std::uint32_t attempts = 0;
  /// Further ends after the first that succeeds: what made it may still have been under way.
  std::uint8_t rounds = 0;
  bool forced = false;  ///< forgotten after the next try, whatever comes of it
  /// Nothing is known to be at the target: it has said so once, or never made it. Not counted.
  bool precaution = false;
  bool was_away = false;  ///< the last try failed since the target couldn't be reached
  std::string last_error{};
  store::RowVersion version = 0;  ///< of its row
};

/// How a target's ends go. `failing_since` and what follows are of the target if it can't be
/// reached, else of the end that it has refused for longest.
struct EndTarget {
  std::string name;
  std::size_t pending = 0;
  std::size_t precautions = 0;  ///< not among those
  WallTime failing_since{};     ///< epoch: it isn't
  std::uint32_t attempts = 0;
  WallTime next_try{};
  std::string last_error{};
};

enum class EndOutcome : std::uint8_t {
  done,         ///< its rows are gone, or its next round is set
  failed,       ///< of this lease alone
  unreachable,  ///< the target can't be reached
  overtaken,    ///< its row changed meanwhile: to be looked at anew
};
[[nodiscard]] EndOutcome outcome_of(const Error& error) noexcept;

/// Thread-safe. Holds no store: what outlives the vault for a moment may still tell it things.
class LeaseEnds final {
 public:
  /// At a time, of one target and in all.
  static constexpr std::size_t kPerTarget = 8;
  static constexpr std::size_t kInAll = 32;

  /// `clock` outlives it.
  explicit LeaseEnds(const Clock& clock);
  ~LeaseEnds();
  LeaseEnds(const LeaseEnds&) = delete;
  LeaseEnds& operator=(const LeaseEnds&) = delete;

  /// Stages the pending end alone; the lease's own rows are the caller's. Have it looked for with
  /// hint(), also before the commit.
  [[nodiscard]] static Result<void> stage(envelope::SealedTransaction& tx, const PendingEnd& end);
  void hint(std::string_view target) COFFER_EXCLUDES(mutex_);
  /// Likewise for rows that are there and change.
  void doubt(std::string_view target) COFFER_EXCLUDES(mutex_);
  /// At unseal: which targets have any, and how they went.
  [[nodiscard]] Result<void> load(envelope::SealedTransaction& tx) COFFER_EXCLUDES(mutex_);
  /// In the store. `pending`: without the precautions.
  struct Count {
    std::size_t pending = 0;
    std::size_t precautions = 0;
  };
  [[nodiscard]] static Result<Count> count(envelope::SealedTransaction& tx);

  // For those who run them.

  /// The next one whose time has come and whose target has room; looks into the store for more.
  /// Each that was taken is to be settled. nullopt: none now.
  [[nodiscard]] Result<std::optional<PendingEnd>> take(envelope::SealedStore& store)
      COFFER_EXCLUDES(mutex_);
  /// False: the target is known to be away, so a forced one needs no try.
  [[nodiscard]] bool reachable(std::string_view target) const COFFER_EXCLUDES(mutex_);
  /// Whether others of the target are there to be taken as soon as there is room.
  [[nodiscard]] bool more_wait(std::string_view target) const COFFER_EXCLUDES(mutex_);
  /// Stages what follows from a try. True: its last row goes. Once that is committed, one that is
  /// no precaution counts no more.
  [[nodiscard]] Result<bool> stage_done(envelope::SealedTransaction& tx,
                                        const PendingEnd& end) const;
  [[nodiscard]] Result<void> stage_failed(envelope::SealedTransaction& tx, const PendingEnd& end,
                                          const Error& error) const;
  /// After the commit. `gone`: as stage_done() said. `outcome` is that of the try, also for a
  /// forced one, which is done with all the same.
  void settle(const PendingEnd& end, EndOutcome outcome, bool gone) COFFER_EXCLUDES(mutex_);
  /// Waits until something may be there to take, at most so long.
  void wait(std::chrono::nanoseconds most) COFFER_EXCLUDES(mutex_);
  /// Waits until something happened to any end, at most so long.
  void wait_for_news(std::chrono::nanoseconds most) COFFER_EXCLUDES(mutex_);
  /// Stages that a pending end is tried at once. False: there is none, or its target has taken it.
  [[nodiscard]] Result<bool> try_again(envelope::SealedTransaction& tx, std::string_view id)
      COFFER_EXCLUDES(mutex_);
  /// Whether the end of one below a prefix hasn't been taken once by its target.
  [[nodiscard]] static Result<bool> any_below(envelope::SealedTransaction& tx,
                                              std::string_view prefix);

  // Leases on their way: their ends wait until nothing is under way for them any more.

  void under_way(const std::string& id) COFFER_EXCLUDES(mutex_);
  void landed(const std::string& id) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] bool is_under_way(const std::string& id) const COFFER_EXCLUDES(mutex_);
  struct Dropped {
    Lease lease;
    std::uint8_t rounds = 0;
    bool withdrawn = false;  ///< it is forgotten without an end
  };
  /// An issue came to nothing; whoever runs ends is to end it.
  void drop(Dropped dropped) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Dropped> take_dropped() COFFER_EXCLUDES(mutex_);

  // For those who look.

  /// At most so many of all that are pending.
  [[nodiscard]] static Result<std::vector<PendingEnd>> pending(envelope::SealedTransaction& tx,
                                                               std::size_t at_most);

  [[nodiscard]] Result<std::vector<EndTarget>> targets(envelope::SealedTransaction& tx) const
      COFFER_EXCLUDES(mutex_);
  /// Targets that can't be reached, or refuse an end, and have for so long.
  [[nodiscard]] std::vector<std::string> failing(std::chrono::seconds at_least) const
      COFFER_EXCLUDES(mutex_);
  /// One who waits for one end, from before it is committed on; others may wait for the same.
  class Watch final {
   public:
    Watch(LeaseEnds& ends, std::string id);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    /// unavailable: it failed and will be tried again, or it takes longer.
    [[nodiscard]] Result<void> wait_for(std::chrono::nanoseconds most);

   private:
    LeaseEnds& ends_;
    std::string id_;
    std::optional<EndOutcome> outcome_{};  ///< guarded by the ends' mutex
    friend class LeaseEnds;
  };

 private:
  /// Looks for more of one target that runs low. False: none does.
  [[nodiscard]] Result<bool> refill(envelope::SealedStore& store) COFFER_EXCLUDES(mutex_);
  /// Where the target refuses it.
  [[nodiscard]] bool is_tried_often(const PendingEnd& end) const COFFER_EXCLUDES(mutex_);
  void note_refused(const PendingEnd& end) COFFER_REQUIRES(mutex_);
  /// It answered.
  [[nodiscard]] static Result<void> stage_reached(envelope::SealedTransaction& tx,
                                                  std::string_view target);
  /// Adds what the end that was refused for longest says to a target that is reached.
  [[nodiscard]] Result<void> tell_refused(envelope::SealedTransaction& tx, EndTarget& target) const
      COFFER_EXCLUDES(mutex_);
  void tell() COFFER_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::unique_ptr<EndQueue> queue_ COFFER_GUARDED_BY(mutex_);
  std::unique_ptr<RefusedEnds> refused_ COFFER_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> under_way_ COFFER_GUARDED_BY(mutex_);
  std::vector<Dropped> dropped_ COFFER_GUARDED_BY(mutex_);
  std::list<Watch*> watched_ COFFER_GUARDED_BY(mutex_);
  std::uint64_t news_ COFFER_GUARDED_BY(mutex_) = 0;
};

}  // namespace coffer::lifecycle
