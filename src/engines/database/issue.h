// A user of a database on its way: its lease's intent first, then the user. For creds/, and for the
// trial of a role.
#pragma once

#include "paths.h"

namespace coffer::engines::database {

inline constexpr std::string_view kLeaseKind = "database";

/// What the database is told of a lease's end is later by so much: a renewal reaches it before the
/// lease, and its own clock may be a little ahead.
inline constexpr std::chrono::seconds kGrace{5};

struct Wanted {
  const Found& found;
  const Role& role;
  std::string_view role_name;
  std::string prefix;  ///< of the lease's id
  std::chrono::seconds ttl;
  std::chrono::seconds max_ttl;
  bool on_trial = false;  ///< it is never granted
};

struct Issued {
  lifecycle::Issuing issuing;
  std::string username;
  SecureBytes password;
};

/// The user is there. `precondition`: the database refused the statements; invalid_argument: the
/// name can't be, or somebody has it. Whatever was made in vain ends by itself, and nobody else's.
[[nodiscard]] Result<Issued> issue(House& house, engine::Context& context, const Wanted& wanted);

/// Whether a lease of one of them has this user, even one whose end is pending.
[[nodiscard]] Result<bool> is_of_lease(engine::SealedTransaction& tx,
                                       const std::vector<Found>& connections,
                                       std::string_view username);

/// Ends and renews those leases.
[[nodiscard]] lifecycle::LeaseKind lease_kind(House& house);

}  // namespace coffer::engines::database
