// The row that says since when each version of each key is what it is: neither token nor keyring
// keeps that. docs/formats/settings.md. Private to the room.
#pragma once

#include <vector>

#include "coffer/core/key_inventory.h"

namespace coffer::core {

struct KeyDates {
  KeyKind kind{};
  Uuid token{};
  std::uint32_t version = 0;
  WallTime activated{};
  bool dated = true;
  std::optional<WallTime> deactivated{};
  std::optional<WallTime> destroyed{};

  [[nodiscard]] bool same_key(const KeyDates& other) const noexcept {
    return kind == other.kind && token == other.token && version == other.version;
  }
  bool operator==(const KeyDates&) const = default;
};

[[nodiscard]] Result<std::vector<KeyDates>> read_dates(envelope::SealedTransaction& tx);
[[nodiscard]] Result<void> write_dates(envelope::SealedTransaction& tx,
                                       const std::vector<KeyDates>& dates);

/// What the row should say: what stands there, and what the keyring has or hasn't any more.
[[nodiscard]] std::vector<KeyDates> dates_of_now(const Unsealed& vault, std::vector<KeyDates> noted,
                                                 WallTime now);

}  // namespace coffer::core
