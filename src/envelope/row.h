// Sealed rows, version 1: metadata under the keyring's record key, and the keys that the store
// knows rows by. docs/formats/sealed-row.md. Private to the room.
#pragma once

#include <array>

#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

inline constexpr std::string_view kRowMagic = "CFRW";

/// Of HMAC(parent), and again of HMAC(parent, name).
inline constexpr std::size_t kRowKeyHalf = 16;

using KeyHalf = std::array<std::uint8_t, kRowKeyHalf>;

/// What the halves are the HMAC of, and the HMAC's first half under the keyring's name key.
[[nodiscard]] std::string parent_message(const Space& space, std::string_view parent);
[[nodiscard]] std::string name_message(const RowName& row);
[[nodiscard]] Result<KeyHalf> key_half(const Keyring& keyring, std::string_view message);

/// What all rows directly under `parent` start with.
[[nodiscard]] Result<store::Key> row_prefix(const Keyring& keyring, const Space& space,
                                            std::string_view parent);
[[nodiscard]] Result<store::Key> row_key(const Keyring& keyring, const RowName& row);

/// What must be new for every row; given in, so that worked examples can be made again.
struct FreshRow {
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 12> iv{};
};
[[nodiscard]] Result<FreshRow> fresh_row();

/// `key` is where the store will have the row: it opens nowhere else.
[[nodiscard]] Result<std::string> seal_row(const FreshRow& fresh, const Keyring& keyring,
                                           const store::Key& key, const RowName& row,
                                           std::string_view value);

struct OpenRow {
  RowName row;
  std::string value;
};
[[nodiscard]] Result<OpenRow> open_row(const Keyring& keyring, const store::Key& key,
                                       std::string_view sealed);

}  // namespace coffer::envelope
