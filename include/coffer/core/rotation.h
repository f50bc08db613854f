// When the kek is rotated by itself, and how fast records follow (docs/keys.md).
#pragma once

#include "coffer/core/cryptoperiods.h"
#include "coffer/core/unsealed.h"

namespace coffer::core {

struct RotationConfig {
  bool enabled = true;
  std::uint64_t max_operations = std::uint64_t{1} << 30U;  ///< wraps by one kek
  std::chrono::seconds interval{0};                        ///< its age; 0: whatever it be
  std::uint32_t rewrap_rate = 1000;                        ///< records a second; 0: no limit
};

[[nodiscard]] Result<RotationConfig> rotation_config(envelope::SealedTransaction& tx);
/// Stages it, and that it is looked at anew.
[[nodiscard]] Result<void> write_rotation_config(envelope::SealedTransaction& tx,
                                                 const RotationConfig& config, WallTime now);

/// Whether the kek at hand has had its time or its uses.
[[nodiscard]] bool rotation_due(const RotationConfig& config, const Unsealed& vault, WallTime now);

/// Stages the first look, where none is staged.
[[nodiscard]] Result<void> watch_rotation(envelope::SealedTransaction& tx, WallTime now);
void register_rotation(Unsealed& vault);

/// A new version of a key, and its number; what follows from it inside of the vault is done too.
/// keys_changed() is for the caller. Errors as of envelope::KeyChanges.
[[nodiscard]] Result<std::uint32_t> rotate_key(Unsealed& vault, KeyKind kind, WallTime now);
/// Stages that it is looked soon whether a key has had its time.
[[nodiscard]] Result<void> look_at_keys(envelope::SealedTransaction& tx, WallTime now);

/// To be called after each change of the keys, which has happened whatever this gives.
[[nodiscard]] Result<void> keys_changed(Unsealed& vault);

/// Stages what Unsealed::key_work asks for.
[[nodiscard]] Result<void> resume_key_work(const Unsealed& vault, envelope::SealedTransaction& tx,
                                           WallTime now);

}  // namespace coffer::core
