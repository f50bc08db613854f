// What of a store can't be opened any more, for an operator who takes it on as it is: which rows
// those are, and which of them nothing can be served without.
// docs/decisions/0052-damaged-rows-go.md.
#pragma once

#include <string>
#include <vector>

#include "coffer/envelope/keyring.h"
#include "coffer/store/store.h"

namespace coffer::core {

struct DamagedRow {
  store::Key key;
  store::RowVersion version = 0;
  /// It says who may do what, or counts what a key was used for: what was in it can't be guessed.
  bool needed = false;
  /// For people, as far as it can be told: what kind it is of, and where it stood. No value.
  std::string what{};
};

/// Looks at all rows with the keyring alone, and commits nothing. Records of secrets, which take
/// the token, only where they aren't like any: drill.h is for those. A row whose name was what was
/// damaged is known by its mount and folder, and by its key.
[[nodiscard]] Result<std::vector<DamagedRow>> damaged_rows(const envelope::Keyring& keyring,
                                                           store::Store& store);

/// "3 rows can't be opened: this, that and 1 more"; "" for none.
[[nodiscard]] std::string describe(const std::vector<DamagedRow>& rows);

}  // namespace coffer::core
