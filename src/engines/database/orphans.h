// Users of a database that have the form of those that the engine makes, and that nothing in the
// vault knows: made in a time that a restore took back, forgotten by force, or another vault's.
#pragma once

#include <set>

#include "made_name.h"
#include "paths.h"

namespace coffer::engines::database {

struct Orphan {
  std::string username;
  MadeName made;
  bool of_this_vault = false;  ///< by the mark in its name
};

using Names = std::set<std::string, std::less<>>;

/// As a snapshot of now shows it.
struct Known {
  Names owned;   ///< a lease has them, one on its way or ending too; or they are somebody for good
  Names ending;  ///< orphans whose end is pending
};
/// Which of `names` the vault knows.
[[nodiscard]] Result<Known> known_among(House& house, const Found& found, const Names& names);

/// Those that are there now; the oldest first. Blocks.
[[nodiscard]] Result<std::vector<Orphan>> find_orphans(House& house, engine::SealedTransaction& tx,
                                                       const Found& found);

/// All that are there of users with such names.
[[nodiscard]] Result<Names> made_users(House& house, engine::SealedTransaction& tx,
                                       const Found& found);

}  // namespace coffer::engines::database
