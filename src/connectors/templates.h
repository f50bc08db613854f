// What the templates of each purpose may and must say.
#pragma once

#include "coffer/connectors/statements.h"
#include "coffer/connectors/target.h"

namespace coffer::connectors {

/// All statements of the templates. invalid_argument: refused by the parser, a placeholder that its
/// purpose doesn't have, or the name is nowhere in it.
[[nodiscard]] Result<std::vector<Statement>> parse_templates(Dialect dialect, Purpose purpose,
                                                             Statements templates);

/// "2026-01-02 03:04:05+0000", as Vault writes {{expiration}}.
[[nodiscard]] std::string expiration_text(WallTime time);

/// Not empty, without control characters (no C string, log or terminal has trouble with it), and
/// not longer than the server takes.
[[nodiscard]] Result<void> check_name(std::string_view name, std::size_t longest);

}  // namespace coffer::connectors
