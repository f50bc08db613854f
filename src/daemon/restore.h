// A backup in the place of the store. The daemon doesn't run: the store's lock says so.
#pragma once

#include "coffer/backup/file.h"
#include "coffer/backup/reader.h"
#include "vault.h"

namespace coffer::daemon {

struct RestoreSource {
  backup::File file;
  Bytes pinned;  ///< SubjectPublicKeyInfo that must have signed it
};

struct RestoreResult {
  backup::Verified backup;
  std::string aside{};  ///< where the store that was there is now; empty: there was none
};

/// Reads all of it first, and again while it fills the store: what comes the second time must be
/// what was verified. Then a line `restore` in the audit log, and only then the exchange.
[[nodiscard]] Result<RestoreResult> restore(const VaultConfig& vault, RestoreSource& source,
                                            const Clock& clock);

/// Into an empty directory, for a drill: no line in any log, no mark.
[[nodiscard]] Result<backup::Verified> restore_scratch(const std::string& store_path,
                                                       RestoreSource& source);

}  // namespace coffer::daemon
