// Tells whether a set of rows has changed since they were read: a row of its own whose version
// moves with each change. What was read is kept in memory and is good for every snapshot in which
// the epoch stands where it stood; so a change is seen by the first request after its commit, by
// all nodes of a store, and nothing has to be told to anyone.
#pragma once

#include <string_view>

#include "coffer/envelope/sealed_store.h"

namespace coffer::core {

/// Immutable, thread-safe.
class Epoch final {
 public:
  /// `name` is part of the format (docs/formats/settings.md).
  [[nodiscard]] static Result<Epoch> make(const envelope::SealedTransaction& tx,
                                          std::string_view name);

  /// As this snapshot has it; 0: nothing was ever changed. One look into the store.
  [[nodiscard]] Result<store::RowVersion> at(envelope::SealedTransaction& tx) const {
    return tx.version_at(place_);
  }
  /// What is staged is committed only if the set hasn't changed since this snapshot.
  [[nodiscard]] Result<void> hold(envelope::SealedTransaction& tx) const;
  /// Stages the change of epoch that goes with a change of rows. Of two who change the set at the
  /// same time, one runs again and sees what the other did.
  [[nodiscard]] Result<void> touch(envelope::SealedTransaction& tx) const;

 private:
  Epoch(envelope::RowName row, store::Key place) : row_(std::move(row)), place_(std::move(place)) {}
  envelope::RowName row_;
  store::Key place_;
};

/// Table 4 of the zero mount: the vault's settings (docs/formats/settings.md).
inline constexpr envelope::Space kSettingsSpace{.mount = {}, .table = 4};

}  // namespace coffer::core
