// What a store lacks that an operator took on as it was: rows that went because nothing could open
// them, and secrets that are damaged or gone. Kept in one sealed row, until the next such store.
// docs/formats/settings.md.
#pragma once

#include <string>
#include <vector>

#include "coffer/core/mounts.h"

namespace coffer::core {

struct LackingSecret {
  envelope::RowName said_by{};  ///< the row that says of it
  engine::KnownSecret secret{};
  store::RowVersion version = 0;  ///< of its own row; 0: it isn't there
  Uuid id{};                      ///< envelope::stored_secret_id()
};

struct Lacking {
  std::uint64_t rows = 0;              ///< that went
  std::vector<std::string> named{};    ///< the first of them, for people
  std::uint64_t secrets = 0;           ///< damaged or not there
  std::vector<LackingSecret> known{};  ///< the first of those

  /// So many of each are named.
  static constexpr std::size_t kMost = 500;
  void add_row(std::string what);
  void add_secret(LackingSecret secret);
};

/// Stages it, in place of what was there.
[[nodiscard]] Result<void> set_lacking(envelope::SealedTransaction& tx, const Lacking& lacking);

/// As it was staged; of no row nothing is lacking.
[[nodiscard]] Result<Lacking> read_lacking(envelope::SealedTransaction& tx);

struct StillLacking {
  std::uint64_t rows = 0;
  std::vector<std::string> named{};
  std::uint64_t secrets = 0;
  std::vector<std::string> damaged{};  ///< "secret/app/db, version 2"
};

/// As it is now: a secret that was destroyed, or written anew in its place, is lacking no more.
/// Those that aren't named count until the next store that is taken on.
[[nodiscard]] Result<StillLacking> still_lacking(Mounts& mounts, envelope::SealedTransaction& tx);

}  // namespace coffer::core
