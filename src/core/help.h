// What `?help=1` says of a path. Private to the room.
#pragma once

#include <optional>

#include "coffer/core/mounts.h"
#include "coffer/model/request.h"

namespace coffer::core {

/// The rules that the path fits, or all of the mount's if it names none. not_found without a mount.
[[nodiscard]] Result<model::Response> help(const std::optional<Route>& route);

}  // namespace coffer::core
