#include "coffer/envelope/stored.h"

#include "record.h"
#include "row.h"

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

}  // namespace coffer::envelope
