// Which databases a vault has connections to: for what is to be done in them after a restore.
#pragma once

#include <string>
#include <vector>

#include "coffer/core/unsealed.h"

namespace coffer::daemon {

struct DatabaseConnection {
  Uuid mount;
  std::string path;  ///< the mount's, with its slash
  std::string name;
};

/// In the order of their mounts.
[[nodiscard]] Result<std::vector<DatabaseConnection>> database_connections(
    const core::Unsealed& vault, envelope::SealedTransaction& tx);

}  // namespace coffer::daemon
