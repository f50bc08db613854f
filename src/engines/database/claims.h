// Whose a database's user is. One whose password two of us change, each without the other's
// knowledge, is locked out: so no static role has a user of another one or an administrator, in
// whatever configurations and mounts they are, as far as their addresses say that the server is the
// same.
#pragma once

#include "paths.h"

namespace coffer::engines::database {

/// Of all mounts, the configurations that lead to the server of `connection`; that itself first, as
/// it is given.
[[nodiscard]] Result<std::vector<Found>> of_one_server(const House& house,
                                                       engine::SealedTransaction& tx,
                                                       const Found& connection);

/// Whether a static role of one of them has this user, but for the role `except` of the first one's
/// mount. Empty names are nobody's.
[[nodiscard]] Result<bool> is_of_static_role(engine::SealedTransaction& tx,
                                             const std::vector<Found>& connections,
                                             std::string_view user, std::string_view except = {});

/// The name of another configuration of its server that logs in as the same user; nullopt: none.
[[nodiscard]] Result<std::optional<std::string>> shares_administrator(const House& house,
                                                                      engine::SealedTransaction& tx,
                                                                      const Found& connection);

/// While this lives nobody else writes static roles of that server; waits for whoever does, some
/// seconds. nullptr: somebody still does.
[[nodiscard]] std::unique_ptr<Targets::Turn> hold_users(House& house, const Found& connection);

}  // namespace coffer::engines::database
