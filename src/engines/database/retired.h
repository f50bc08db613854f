// Connections whose name is gone: they stay until no lease can need them any more.
#pragma once

#include "coffer/lifecycle/due.h"
#include "paths.h"

namespace coffer::engines::database {

inline constexpr std::string_view kRetiredKind = "database_connection";

/// The longest that a lease of this mount can live.
[[nodiscard]] std::chrono::seconds longest_lease(const engine::Mount& mount);

/// Whether a lease of it lives, is being issued, or has an end that is pending. Opens every lease.
[[nodiscard]] Result<bool> is_leased(const House& house, engine::SealedTransaction& tx,
                                     const Found& connection);
/// Stages it.
[[nodiscard]] Result<void> retire(engine::Context& context, Found found);
/// The handler of its due row.
[[nodiscard]] Result<void> end_retired(House& house, engine::SealedTransaction& tx,
                                       const lifecycle::Due& due, WallTime now);

/// Engine::clear: its leases first, then all that the mount held, its connections once the last
/// lease has ended.
[[nodiscard]] Result<bool> clear_mount(House& house, engine::SealedTransaction& tx,
                                       const engine::Mount& mount);

}  // namespace coffer::engines::database
