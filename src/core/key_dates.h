// The row that says since when each version of each key is what it is: neither token nor keyring
// keeps that. docs/formats/settings.md. Private to the room.
#pragma once

#include <vector>

#include "coffer/core/key_inventory.h"

namespace coffer::core {

struct KeyDates {
  KeyKind kind{};
  Uuid token{};  ///< of an engine's key: its mount
  std::uint32_t version = 0;
  WallTime activated{};
  bool dated = true;
  std::optional<WallTime> deactivated{};
  std::optional<WallTime> destroyed{};
  /// An operator's word, for ever.
  std::optional<WallTime> compromised{};
  std::string reason{};

  [[nodiscard]] bool same_key(const KeyDates& other) const noexcept {
    return kind == other.kind && token == other.token && version == other.version;
  }
  bool operator==(const KeyDates&) const = default;
};

struct NotedDates {
  std::vector<KeyDates> all{};
  store::RowVersion version = 0;  ///< of the row; 0: there is none
};
[[nodiscard]] Result<NotedDates> read_dates(envelope::SealedTransaction& tx);
/// In place of what was read, or not at all: nobody's mark may be lost.
[[nodiscard]] Result<void> write_dates(envelope::SealedTransaction& tx, const NotedDates& dates);

/// A key that an engine's mount has now.
struct EnginesKey {
  KeyKind kind{};
  Uuid mount{};
  std::string path{};
  std::uint32_t version = 0;
  WallTime made{};  ///< zero: not known
};
[[nodiscard]] Result<std::vector<EnginesKey>> engines_keys(const Unsealed& vault,
                                                           envelope::SealedTransaction& tx);

/// What the row should say: what stands there, and what the keyring and the engines have or haven't
/// any more. The end of an engine's key isn't told by that: it is given up first.
[[nodiscard]] std::vector<KeyDates> dates_of_now(const Unsealed& vault,
                                                 const std::vector<EnginesKey>& engines,
                                                 std::vector<KeyDates> noted, WallTime now);

}  // namespace coffer::core
