// ACL rules in creation statements, as Vault's plugin takes them: a JSON array of strings.
#pragma once

#include <string>
#include <vector>

#include "coffer/connectors/target.h"

namespace coffer::connectors {

/// Vault's default: every key, reading commands. invalid_argument: no JSON array of strings, or a
/// rule that sets or takes passwords, or turns the user on or off, which is ours to do.
[[nodiscard]] Result<std::vector<std::string>> parse_rules(Statements creation);

}  // namespace coffer::connectors
