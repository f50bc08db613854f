// A configuration that is written anew: whether it still leads to the server where its users are.
#pragma once

#include "coffer/model/fields.h"
#include "paths.h"

namespace coffer::engines::database {

/// A user of one kind of server isn't one of another's: ends of leases would find nobody there.
[[nodiscard]] Result<void> check_kind_stays(const Connection& before, const Connection& row);

/// True: `row` leads elsewhere now, and nothing of it is at the server of `before`. If something
/// is, ends of its leases would find nobody at the other one, and count as done: invalid_argument.
[[nodiscard]] Result<bool> leads_elsewhere(const House& house, const model::Fields& fields,
                                           const Found& before, const Connection& row);

}  // namespace coffer::engines::database
