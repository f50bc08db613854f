// Every version of every key that the vault has or had: since when, in which state (SP 800-57
// part 1, section 7), and how its cryptoperiod stands. Keys of engines aren't among them.
#pragma once

#include <vector>

#include "coffer/core/cryptoperiods.h"
#include "coffer/core/unsealed.h"

namespace coffer::core {

enum class KeyState : std::uint8_t {
  active,       ///< makes new things, and opens
  deactivated,  ///< another took its place: opens or verifies what it made
  destroyed,    ///< on the token, by the vault
  withdrawn,    ///< its token was retired: the vault refers to it no more, and can't tell its end
};
[[nodiscard]] std::string_view to_string(KeyState state) noexcept;

/// Of the usage period that ends next: the originator's while active, the recipient's afterwards.
enum class PeriodState : std::uint8_t { unlimited, fine, ending, over };
[[nodiscard]] std::string_view to_string(PeriodState state) noexcept;

struct InventoryKey {
  KeyKind kind{};
  Uuid token{};          ///< zero: in the keyring
  std::string serial{};  ///< of a token that is enrolled
  std::uint32_t version = 0;
  KeyState state = KeyState::active;
  WallTime activated{};
  /// False: it was there already when dates were first kept, and nothing tells when it was made;
  /// `activated` is when it was first seen then, so its period may be over sooner.
  bool dated = true;
  std::optional<WallTime> deactivated{};
  std::optional<WallTime> destroyed{};  ///< or withdrawn
  std::optional<WallTime> ends{};       ///< of the period that runs
  PeriodState period = PeriodState::unlimited;
};

/// In the order of kKeyKinds, tokens as enrolled, versions rising. What is newer than its row of
/// dates counts as activated `now`.
[[nodiscard]] Result<std::vector<InventoryKey>> key_inventory(const Unsealed& vault,
                                                              envelope::SealedTransaction& tx,
                                                              WallTime now);

struct PeriodCounts {
  std::size_t ending = 0;
  std::size_t over = 0;
};
[[nodiscard]] PeriodCounts count_periods(const std::vector<InventoryKey>& keys) noexcept;

/// Stages the dates of what changed since they were noted last; nothing if nothing did. The
/// sweeper's alone, soon after each change of the keys.
[[nodiscard]] Result<void> note_key_dates(const Unsealed& vault, envelope::SealedTransaction& tx,
                                          WallTime now);

}  // namespace coffer::core
