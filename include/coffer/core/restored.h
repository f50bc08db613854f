// That a store came out of a backup. A restore has no keys, so it leaves a mark in clear; the next
// unseal takes it over into a sealed row, and from then on tokens from before are void and what
// reaches outside of the vault waits until an operator releases it. docs/operations.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coffer/core/mounts.h"
#include "coffer/crypto/digest.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::core {

struct RestoreMark {
  WallTime created;   ///< when the backup was made
  WallTime restored;  ///< when it was restored
  /// Of the last commit in the backup. Once adopted: of the store then, and what is newer came
  /// after.
  std::uint64_t sequence = 0;
  crypto::Sha256 digest{};  ///< the backup's
};

/// The row in clear that a restore adds.
[[nodiscard]] store::Key restore_mark_key();
[[nodiscard]] std::string encode_restore_mark(const RestoreMark& mark);

struct Restored {
  RestoreMark mark;
  bool paused = true;  ///< what reaches outside waits
};
/// As the sealed row has it; nullopt: this store never came out of a backup.
[[nodiscard]] Result<std::optional<Restored>> read_restored(envelope::SealedTransaction& tx);

/// The transaction that takes the mark in clear over, on top of what `tx` stages; nothing more if
/// there is none. For unsealing.
[[nodiscard]] Result<store::Transaction> adopt_restore_mark(store::Store& store,
                                                            envelope::SealedTransaction& tx);

/// Connections of databases, as "MOUNT/CONNECTION", in which nobody has looked since the restore
/// for users of the time that it took back. Those of mounts that are gone aren't among them.
[[nodiscard]] Result<std::vector<std::string>> unsearched_databases(
    Mounts& mounts, envelope::SealedTransaction& tx);

/// How many restores were released in this vault's history, as its store tells it: part of the
/// names of what is made outside.
[[nodiscard]] Result<std::uint64_t> restores_released(envelope::SealedTransaction& tx);

/// Stages that so many were, if fewer are known: names that were made in the time that a restore
/// takes back are none of the time after it.
[[nodiscard]] Result<void> raise_releases(envelope::SealedTransaction& tx, std::uint64_t least);

/// Stages the end of the pause, and one release more. precondition: there is none.
[[nodiscard]] Result<void> release_restored(envelope::SealedTransaction& tx);

}  // namespace coffer::core
