// The vault's own few rows: docs/formats/settings.md.
#pragma once

#include <string>
#include <vector>

#include "coffer/envelope/sealed_store.h"

namespace coffer::core {

/// Whether the first rows were written: the last step of making a vault.
[[nodiscard]] Result<bool> is_initialised(envelope::SealedTransaction& tx);
[[nodiscard]] Result<void> mark_initialised(envelope::SealedTransaction& tx);

struct InstalledVersion {
  std::string version;
  WallTime installed;
};
/// In the order in which they came.
[[nodiscard]] Result<std::vector<InstalledVersion>> version_history(
    envelope::SealedTransaction& tx);
/// Stages this program's version, if the last one that opened the vault was another.
[[nodiscard]] Result<void> note_version(envelope::SealedTransaction& tx, WallTime now);

}  // namespace coffer::core
