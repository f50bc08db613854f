// Every version of every key that the vault has or had: since when, in which state (SP 800-57
// part 1, section 7), and how its cryptoperiod stands. Those of engines on the token are among
// them.
#pragma once

#include <vector>

#include "coffer/core/cryptoperiods.h"
#include "coffer/core/unsealed.h"

namespace coffer::core {

enum class KeyState : std::uint8_t {
  active,       ///< makes new things, and opens
  deactivated,  ///< another took its place: opens or verifies what it made
  compromised,  ///< somebody said so; it may be in use still, see InventoryKey::current()
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
  Uuid mount{};          ///< of an engine's key; its `token` is zero
  std::string path{};    ///< of the mount, while there is one
  std::uint32_t version = 0;
  KeyState state = KeyState::active;
  WallTime activated{};
  /// False: it was there already when dates were first kept, and nothing tells when it was made;
  /// `activated` is when it was first seen then, so its period may be over sooner.
  bool dated = true;
  std::optional<WallTime> deactivated{};
  std::optional<WallTime> destroyed{};  ///< or withdrawn
  std::optional<WallTime> compromised{};
  std::string reason{};            ///< why it was marked
  std::optional<WallTime> ends{};  ///< of the period that runs
  PeriodState period = PeriodState::unlimited;

  /// Makes new things, whatever is thought of it.
  [[nodiscard]] bool current() const noexcept { return !deactivated && !destroyed; }
  [[nodiscard]] bool on_token() const noexcept { return !keyring_name(kind); }
};

/// In the order of kKeyKinds, tokens as enrolled, versions rising. What is newer than its row of
/// dates counts as activated `now`.
[[nodiscard]] Result<std::vector<InventoryKey>> key_inventory(const Unsealed& vault,
                                                              envelope::SealedTransaction& tx,
                                                              WallTime now);

struct PeriodCounts {
  std::size_t ending = 0;
  std::size_t over = 0;
  std::size_t compromised = 0;  ///< and not destroyed
};
[[nodiscard]] PeriodCounts count_periods(const std::vector<InventoryKey>& keys) noexcept;

struct MarkedKey {
  KeyKind kind{};
  Uuid owner{};  ///< the token's, the mount's, or zero for a key of the keyring
  std::uint32_t version = 0;
};
inline constexpr std::size_t kMaxReason = 256;
/// Stages that this version is compromised, for ever. not_found; precondition: it is marked
/// already.
[[nodiscard]] Result<void> mark_compromised(const Unsealed& vault, envelope::SealedTransaction& tx,
                                            const MarkedKey& key, std::string_view reason,
                                            WallTime now);

/// Stages the dates of what changed since they were noted last; nothing if nothing did. The
/// sweeper's alone, soon after each change of the keys.
[[nodiscard]] Result<void> note_key_dates(const Unsealed& vault, envelope::SealedTransaction& tx,
                                          WallTime now);

}  // namespace coffer::core
