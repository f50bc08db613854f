// Opens everything that a store holds: each row with the keyring, each secret with the token. What
// a backup is worth shows in no other way.
#pragma once

#include <functional>
#include <string>

#include "coffer/core/unsealed.h"

namespace coffer::core {

struct DrillReport {
  std::uint64_t rows = 0;         ///< sealed rows that opened
  std::uint64_t secrets = 0;      ///< secrets that opened
  std::uint64_t unopened = 0;     ///< secrets that are there, and weren't to be opened
  std::uint64_t failures = 0;     ///< rows and secrets that didn't, or that are missing
  std::uint64_t unreachable = 0;  ///< secrets that no row speaks of: what they are bound to is lost
  [[nodiscard]] bool good() const noexcept { return failures == 0 && unreachable == 0; }
};

struct DrillWatch {
  /// One row or secret that doesn't open, by the store's key in hexadecimal and its mount's path;
  /// no clear name and no value.
  std::function<void(const std::string& what, const Error& error)> failed{};
  /// The same of a secret, for who may see names: the row that says of it, and its own row's
  /// version, 0 if it isn't there.
  std::function<void(const envelope::RowName& said_by, const engine::KnownSecret& secret,
                     store::RowVersion version)>
      damaged{};
  /// Asked before each secret: false, and it only has to be there. Empty: the token opens all.
  std::function<bool()> opens{};
  /// Now and then.
  std::function<void(const DrillReport& sofar)> progress{};
};

/// One pass in the order of the store's keys; memory doesn't grow with the store. An error: the
/// pass itself couldn't go on (the token is away). Nobody writes to the store meanwhile.
[[nodiscard]] Result<DrillReport> open_everything(Unsealed& vault, store::Store& store,
                                                  const DrillWatch& watch);

}  // namespace coffer::core
