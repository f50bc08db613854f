#include "databases.h"

#include "coffer/engines/database/database.h"

namespace coffer::daemon {

Result<std::vector<DatabaseConnection>> database_connections(const core::Unsealed& vault,
                                                             envelope::SealedTransaction& tx) {
  std::vector<DatabaseConnection> all;
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  for (const core::MountTable::Entry& entry : table->all()) {
    if (entry.builtin || entry.mount.type != "database") continue;
    COFFER_TRY(auto names, engines::database::configuration_names(tx, entry.mount.uuid));
    for (std::string& name : names) {
      all.push_back({entry.mount.uuid, entry.mount.path, std::move(name)});
    }
  }
  return all;
}

}  // namespace coffer::daemon
