// Who responds to a leak: what may be ended under him, and what he may do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session.h"

namespace coffer::cli {

/// The accessor of the token that responds (empty if it isn't told), then of the one that it was
/// made with, and so on: with each of them it would end itself. nullopt: the command is over.
[[nodiscard]] std::optional<std::vector<std::string>> responding_line(Session& session);

/// Whether the caller may update `path`; nullopt if that isn't told.
[[nodiscard]] std::optional<bool> may_update(Session& session, const std::string& path);

}  // namespace coffer::cli
