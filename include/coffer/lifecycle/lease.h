// What is known of a lease: something outside of the vault that is to end at a time.
// docs/leases.md, docs/formats/leases.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "coffer/base/clock.h"
#include "coffer/base/result.h"
#include "coffer/envelope/sealed_store.h"
#include "coffer/model/caller.h"

namespace coffer::lifecycle {

/// What whoever issues it says. It must do for the lease's end by itself: role, configuration and
/// mount may be gone by then.
struct NewLease {
  std::string prefix{};        ///< where it was asked for, with its slash: "database/creds/app/"
  std::string owner{};         ///< accessor of the caller; when that dies, so does the lease
  std::string owner_name{};    ///< the caller's display name, for people
  std::string identity{};      ///< whose allowance it takes, if that isn't the owner's
  bool owner_is_token = true;  ///< false: a peer of the socket, who has no end of his own
  std::string kind{};          ///< names the LeaseKind: lower-case letters and '_'
  std::string target{};        ///< what its end talks to; ends of one target share their fate
  std::string payload{};       ///< the kind's own format. No secret
  std::chrono::seconds ttl{0};
  std::chrono::seconds max_ttl{0};  ///< from its issue on; renewals never pass it
  bool renewable = true;
  bool on_trial = false;  ///< never granted: no caps but that of all hold it back. Not stored

  void owned_by(const model::Caller& caller);
  /// The cap by identity holds for all that have this in common.
  [[nodiscard]] const std::string& counted_for() const {
    return identity.empty() ? owner : identity;
  }
};

struct Lease {
  NewLease terms{};
  std::string name{};    ///< 24 of base62, random
  bool issuing = false;  ///< the intent is on disk; whether anything was made isn't known
  WallTime issued{};
  WallTime last_renewal{};  ///< epoch: never renewed
  WallTime expires{};
  store::RowVersion version = 0;  ///< of its row

  [[nodiscard]] std::string id() const { return terms.prefix + name; }
  [[nodiscard]] bool expired(WallTime now) const { return expires <= now; }
  /// What is left, rounded up; never negative.
  [[nodiscard]] std::chrono::seconds remaining(WallTime now) const;
};

/// How long a lease is to live.
struct LeaseTimes {
  std::chrono::seconds ttl;      ///< where nobody asks for another
  std::chrono::seconds max_ttl;  ///< from its issue on
};

/// What an answer says that gives less time than was asked for, or is usual.
[[nodiscard]] std::string cut_warning(std::chrono::seconds wanted, std::chrono::seconds given);

/// What the leases of one kind mean outside. The first two are called on threads that may wait, on
/// several at once, and must bound their waiting by themselves (15 s). `unavailable` and
/// `resource_exhausted` mean that the target can't be reached, and hold back its other ends; any
/// other error means this lease alone. Error texts are shown to operators: no secret.
struct LeaseKind {
  /// Whatever was made is gone on return, sessions too. It may run many times, and for what was
  /// never made: "no such user" is success.
  std::function<Result<void>(const Lease& lease)> end;
  /// The target is to know of the new time. Empty: it needn't. May run without the renewal being
  /// committed, so the target's own end of it must be no earlier than the lease's.
  std::function<Result<void>(const Lease& lease, WallTime until)> renew{};
  /// What a renewal goes by, as it is now; an error refuses it. Reads the store alone. Empty: by
  /// what the lease was issued with.
  std::function<Result<LeaseTimes>(envelope::SealedTransaction& tx, const Lease& lease)> times{};
};

}  // namespace coffer::lifecycle
