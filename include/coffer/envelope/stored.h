// What stands in the store, looked at from outside of a transaction: for checks that go over every
// row that there is. docs/formats/sealed-row.md, sealed-record.md.
#pragma once

#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

enum class StoredKind : std::uint8_t {
  row,     ///< opens with the keyring alone
  secret,  ///< takes the token, and to know what it is bound to
  other,   ///< in clear, or a format of its own
};
/// By its first bytes; nothing is checked.
[[nodiscard]] StoredKind kind_of(std::string_view stored);

struct StoredRow {
  RowName row;
  std::string value;
};
/// A StoredKind::row, at the place where the store has it. corrupt for any byte that was changed.
[[nodiscard]] Result<StoredRow> open_stored_row(const Keyring& keyring, const store::Key& key,
                                                std::string_view stored);

/// What the keys of all rows directly under `parent` start with.
[[nodiscard]] Result<store::Key> stored_group(const Keyring& keyring, const Space& space,
                                              std::string_view parent);

/// Of a secret as it is stored: the id that its record keeps when it is rewrapped, and that another
/// in its place doesn't have. Zero: it isn't there, or can't be read.
[[nodiscard]] Result<Uuid> stored_secret_id(SealedTransaction& tx, const RowName& row);

/// Stages a row that says nothing but that it is there, where there is none. One that is there
/// stays: others may know of what it holds, or of its version.
[[nodiscard]] Result<void> put_if_missing(SealedTransaction& tx, const RowName& row);

}  // namespace coffer::envelope
