// Leases: issued with their intent on disk first, found, renewed, and ended. Their ends wait in
// rows of their own until the target has taken them (lease_ends.h). docs/leases.md.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/trail.h"
#include "coffer/lifecycle/due.h"
#include "coffer/lifecycle/lease.h"
#include "coffer/lifecycle/lease_counts.h"
#include "coffer/lifecycle/lease_ends.h"

namespace coffer::lifecycle {

class Leases;
struct PrefixEnd;

/// A lease on its way. The intent is committed: from here on something may be made outside.
/// Whatever happens to it, short of an answer that left, its end is taken care of: by this object's
/// end, or after a crash by the next unseal. Move-only.
class Issuing final {
 public:
  [[nodiscard]] const Lease& lease() const noexcept;

  /// Stages that it is active, in the request's own transaction; reads nothing. `then` is
  /// Context::then: the lease stands once that ran, and ends if it goes without.
  [[nodiscard]] Result<void> stage(envelope::SealedTransaction& tx, std::function<void()>& then) &&;
  /// The target said for certain that it made nothing: its end runs once, not three times.
  void nothing_was_made() noexcept;
  /// What it was to make isn't there, and what bears its name is somebody else's: the intent goes
  /// without any end.
  void withdraw() noexcept;

 private:
  friend class Leases;
  struct Hold;
  explicit Issuing(std::shared_ptr<Hold> hold) : hold_(std::move(hold)) {}
  std::shared_ptr<Hold> hold_;
};

/// What an answer about a renewal says.
struct Renewal {
  Lease lease;
  std::vector<std::string> warnings;
};

/// Thread-safe once the kinds are in. One per open vault.
class Leases final {
 public:
  static constexpr std::string_view kDueKind = "lease";          ///< of their rows in lifecycle
  static constexpr std::string_view kPrefixKind = "lease_end";   ///< of ends by prefix, in steps
  static constexpr std::string_view kOwnerKind = "lease_owner";  ///< of ends by owner, likewise

  struct Hooks {
    /// Commits by itself, beside the Door (docs/decisions/0023). False: it lost a race.
    std::function<Result<bool>(store::Transaction)> commit;
    /// Stages what must hold for a lease to be issued: its owner is alive, its mount is there,
    /// nothing outside is paused.
    std::function<Result<void>(envelope::SealedTransaction&, const NewLease&, WallTime now)> admit;
  };
  /// `store` and `clock` outlive it.
  Leases(envelope::SealedStore& store, Hooks hooks, const LeaseLimits& limits, const Clock& clock);
  ~Leases();
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  /// Before anything is served.
  void add_kind(std::string name, LeaseKind kind);
  [[nodiscard]] const LeaseKind* kind(std::string_view name) const;
  /// At unseal, once: counts what there is and takes up the ends of what was being issued when the
  /// last process died. Commits beside the Door.
  [[nodiscard]] Result<void> load(WallTime now);
  /// Adds what time makes happen to leases. This outlives `handlers`.
  void register_handlers(Handlers& handlers);

  /// Grows with each restore that was released: part of the names of what is made outside, so that
  /// a restored vault knows what a later life of it made.
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  void set_epoch(std::uint64_t epoch) noexcept { epoch_ = epoch; }

  /// 24 of base62: 142 bits.
  [[nodiscard]] static Result<std::string> new_name();

  /// Checks the caps (limit_reached), puts the request's line on disk, and commits the intent.
  /// `request` is the transaction that stage() will be given: have read from it what you need, for
  /// it is fixed here, and then gives no `conflict` any more. invalid_argument: times that can't
  /// be.
  [[nodiscard]] Result<Issuing> begin(audit::Ticket& ticket, envelope::SealedTransaction& request,
                                      NewLease wanted, std::string name, WallTime now);
  /// What an answer should say when few are left: from 80 % of a cap on.
  [[nodiscard]] std::vector<std::string> warnings(const NewLease& wanted);

  /// nullopt for what is expired, ending, or not issued yet, as for what never was.
  [[nodiscard]] Result<std::optional<Lease>> find(envelope::SealedTransaction& tx,
                                                  std::string_view id, WallTime now) const;
  /// What stands directly below a prefix ("" or with a slash): names of leases, and folders with
  /// their slash. Sorted.
  [[nodiscard]] Result<std::vector<std::string>> list(envelope::SealedTransaction& tx,
                                                      std::string_view prefix, WallTime now) const;

  /// Who has how many that live, the most first.
  struct Census {
    struct Entry {
      std::string name;      ///< a prefix, an identity or an accessor
      std::string about;     ///< a display name; of an identity with several: its own, or some
      std::string identity;  ///< of an owner
      std::size_t count = 0;
    };
    std::vector<Entry> roles;
    std::vector<Entry> identities;  ///< what the cap by identity goes by
    std::vector<Entry> owners;
    std::size_t total = 0;
  };
  /// By role alone it counts keys; by owner and identity it opens every lease.
  [[nodiscard]] static Result<Census> census(envelope::SealedTransaction& tx, bool by_owner);

  /// Stages another end, never past the max_ttl that its kind says now; `increment` 0: as long as
  /// is usual now. It is earlier than before where a maximum was lowered. invalid_argument: not
  /// renewable, negative, or no time is left. Tells the target first, if its kind wants that: then
  /// it may take as long as that does.
  [[nodiscard]] Result<Renewal> renew(audit::Ticket& ticket, envelope::SealedTransaction& tx,
                                      const Lease& lease, std::chrono::seconds increment,
                                      WallTime now) const;

  /// Stages its end: from the commit on nobody finds it, and its end is pending. `forced`: one try,
  /// and then it is forgotten whatever the target says.
  [[nodiscard]] Result<void> end(envelope::SealedTransaction& tx, const Lease& lease, WallTime now,
                                 bool forced = false);
  /// Beside the Door, and waits until the target has taken it; no harm if there is none.
  /// unavailable: it wasn't reached, or takes longer than `most`; it is tried on all the same.
  /// Where the target is known to be away, or many wait already, it is waited for a moment alone:
  /// those who wait are workers that others need.
  [[nodiscard]] Result<void> end_and_wait(audit::Ticket& ticket, std::string_view id, WallTime now,
                                          std::chrono::seconds most);
  /// Of all below a prefix that were issued until now: the first at once, the others by the
  /// sweeper in steps. Also of those that are pending already, if `forced`.
  [[nodiscard]] Result<void> end_prefix(envelope::SealedTransaction& tx, std::string_view prefix,
                                        WallTime now, bool forced = false);
  /// Beside the Door, and waits until their targets have taken them all; unavailable: not within
  /// `most`, they are tried on all the same.
  [[nodiscard]] Result<void> end_prefix_and_wait(audit::Ticket& ticket, std::string_view prefix,
                                                 WallTime now, std::chrono::seconds most);
  static constexpr std::size_t kEndStep = 64;
  /// So many at most of those of an owner who is dead; true: none is left.
  [[nodiscard]] Result<bool> end_owned(envelope::SealedTransaction& tx, std::string_view owner,
                                       WallTime now, std::size_t most = kEndStep);

  /// Of all of an owner who may live on, as a peer of the socket does: some at once, the others by
  /// the sweeper in steps, until none is left.
  [[nodiscard]] Result<void> end_owner(envelope::SealedTransaction& tx, std::string_view owner,
                                       WallTime now);
  /// How many an owner has, those too that are still being issued; and the ids of some.
  struct Owned {
    std::size_t count = 0;
    std::vector<std::string> ids;
  };
  [[nodiscard]] static Result<Owned> owned(envelope::SealedTransaction& tx, std::string_view owner,
                                           std::size_t at_most);

  /// Shows `see` all there are, once each and in no order, until it says false: expired ones and
  /// those on their way too, and those whose end is pending.
  [[nodiscard]] static Result<void> visit(envelope::SealedTransaction& tx,
                                          const std::function<Result<bool>(const Lease&)>& see);
  /// Some of those whose end goes to one of `targets`, whatever path they bear: expired ones and
  /// those on their way too, and none whose end is pending. Opens every lease, until it has enough.
  [[nodiscard]] static Result<std::vector<Lease>> of_targets(envelope::SealedTransaction& tx,
                                                             const std::set<std::string>& targets,
                                                             std::size_t at_most);
  /// Of one row of leases or of pending ends: stages anew what leads to it and what is due for it,
  /// which may be lost with a store that is damaged. Nothing for other rows. `corrupt`.
  [[nodiscard]] static Result<void> mend(envelope::SealedTransaction& tx,
                                         const envelope::RowName& row, std::string_view value,
                                         WallTime now);
  /// What was made outside and has no lease (any more), as after a restore: stages its end, which
  /// is pending from the commit on like a lease's. `name` is its last part of an id, so whoever
  /// asks again asks for the same. `then` is Context::then. No cap holds it back.
  struct Stray {
    NewLease terms;
    std::string name;
  };
  [[nodiscard]] Result<void> end_strays(envelope::SealedTransaction& tx, std::vector<Stray> strays,
                                        WallTime now, std::function<void()>& then);

  /// Ends beside the Door what came to nothing; for those who run ends.
  [[nodiscard]] Result<void> end_dropped(WallTime now);

  [[nodiscard]] LeaseCounts& counts() const noexcept { return *counts_; }
  /// The ends that are pending, for those who run them.
  [[nodiscard]] LeaseEnds& ends() const noexcept { return *ends_; }

 private:
  /// Commits what `stage` stages, beside the Door; runs it again after a lost race.
  [[nodiscard]] Result<void> commit_own(
      const std::function<Result<void>(envelope::SealedTransaction&)>& stage);
  /// How long one more may wait, who counts as one who waits until it is destroyed.
  class Waiter;
  [[nodiscard]] Result<void> reserve(const NewLease& wanted);
  [[nodiscard]] Result<void> recount(const NewLease& wanted);
  [[nodiscard]] Result<void> commit_intent(const Lease& lease, WallTime now);
  [[nodiscard]] Result<store::RowVersion> stored_version(const Lease& lease);
  [[nodiscard]] Result<void> stage_end(envelope::SealedTransaction& tx, const PendingEnd& end);
  /// One step, of some hundred at most. True: it was the last.
  [[nodiscard]] Result<bool> step(envelope::SealedTransaction& tx, std::string_view prefix,
                                  PrefixEnd& job, WallTime now);
  [[nodiscard]] Result<bool> force_pending(envelope::SealedTransaction& tx, std::string_view prefix,
                                           PrefixEnd& job);
  [[nodiscard]] Result<void> due(envelope::SealedTransaction& tx, const Due& due, WallTime now);
  [[nodiscard]] Result<void> due_prefix(envelope::SealedTransaction& tx, const Due& due,
                                        WallTime now);

  envelope::SealedStore& store_;
  const Hooks hooks_;
  const Clock& clock_;
  std::map<std::string, LeaseKind, std::less<>> kinds_;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<int> waiting_{0};
  // Shared with what is on its way through the Door, which may outlast the vault for a moment.
  const std::shared_ptr<LeaseCounts> counts_;
  const std::shared_ptr<LeaseEnds> ends_;
};

}  // namespace coffer::lifecycle
