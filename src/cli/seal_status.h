// Seal status, as status and operator unseal show it.
#pragma once

#include "session.h"

namespace coffer::cli {

/// As a table, or whole in other formats.
int print_seal_status(Session& session, const model::Json& status);

/// The member is there and true.
[[nodiscard]] bool says_true(const model::Json& status, std::string_view member);

}  // namespace coffer::cli
