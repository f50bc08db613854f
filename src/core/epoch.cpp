#include "coffer/core/epoch.h"

namespace coffer::core {

Result<Epoch> Epoch::make(const envelope::SealedTransaction& tx, std::string_view name) {
  envelope::RowName row{kSettingsSpace, "epoch/", std::string(name)};
  COFFER_TRY(store::Key place, tx.place(row));
  return Epoch(std::move(row), std::move(place));
}

Result<void> Epoch::hold(envelope::SealedTransaction& tx) const {
  COFFER_TRY(const store::RowVersion version, at(tx));
  return tx.require(row_, envelope::Expect::unchanged(version));
}

Result<void> Epoch::touch(envelope::SealedTransaction& tx) const {
  COFFER_TRY(const store::RowVersion version, at(tx));
  return tx.write(row_, {},
                  version == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(version));
}

}  // namespace coffer::core
