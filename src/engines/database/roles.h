// Roles, as creds/ and static roles need them.
#pragma once

#include <optional>

#include "paths.h"

namespace coffer::engines::database {

[[nodiscard]] Result<std::optional<Role>> find_role(engine::SealedTransaction& tx,
                                                    const Uuid& mount, std::string_view name);

/// The connection of a role. invalid_argument: no such configuration, or it doesn't allow the role.
[[nodiscard]] Result<Found> connection_for(engine::Context& context, std::string_view db_name,
                                           std::string_view role);

/// Whether there is such a policy should show now, and not when a password is needed.
[[nodiscard]] Result<void> check_policy(House& house, engine::SealedTransaction& tx,
                                        const std::string& name);

struct Times {
  std::chrono::seconds ttl;
  std::chrono::seconds max_ttl;
  std::chrono::seconds usual;  ///< what ttl would be if max_ttl didn't cut it
};
/// Of a lease: the role's, else the mount's, else 768 hours; never more than the mount's maximum.
[[nodiscard]] Times times_of(const Role& role, const engine::Mount& mount);

}  // namespace coffer::engines::database
