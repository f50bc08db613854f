#include "coffer/envelope/stored.h"

#include "record.h"
#include "row.h"
#include "transaction.h"

namespace coffer::envelope {

StoredKind kind_of(std::string_view stored) {
  if (stored.starts_with(kRowMagic)) return StoredKind::row;
  return stored.starts_with(kRecordMagic) ? StoredKind::secret : StoredKind::other;
}

Result<StoredRow> open_stored_row(const Keyring& keyring, const store::Key& key,
                                  std::string_view stored) {
  COFFER_TRY(OpenRow opened, open_row(keyring, key, stored));
  return StoredRow{std::move(opened.row), std::move(opened.value)};
}

Result<store::Key> stored_group(const Keyring& keyring, const Space& space,
                                std::string_view parent) {
  return row_prefix(keyring, space, parent);
}

Result<Uuid> stored_secret_id(SealedTransaction& tx, const RowName& row) {
  COFFER_TRY(const store::Key place, tx.place(row));
  // The one implementation that there is.
  COFFER_TRY(store::Snapshot * view, static_cast<Transaction&>(tx).snapshot());
  COFFER_TRY(const auto stored, view->get(place));
  if (!stored) return Uuid{};
  const auto record = parse_record(as_bytes(stored->value));
  return record.ok() ? record->id : Uuid{};
}

Result<void> put_if_missing(SealedTransaction& tx, const RowName& row) {
  COFFER_TRY(const store::Key place, tx.place(row));
  COFFER_TRY(const store::RowVersion known, tx.version_at(place));
  return known == 0 ? tx.write(row, {}, Expect::anything()) : Result<void>();
}

}  // namespace coffer::envelope
