// What a keyring holds at one moment. A change makes another one, stores it, and puts it in place
// of the one before; nothing of a state that was published ever changes. Private to the room.
#pragma once

#include <optional>

#include "coffer/crypto/digest.h"
#include "keyring_format.h"

namespace coffer::envelope {

struct KeyringState {
  Uuid vault;
  std::vector<KeyringToken> tokens;
  std::size_t ours = 0;            ///< the token at hand, in `tokens`
  std::vector<VersionedKey> keys;  ///< sorted by name and version
  /// That `tokens` wrap. Kept, for a token that isn't at hand and has no public half couldn't be
  /// wrapped another one to.
  SecureBytes keyring_key;
  std::vector<Announcement> announcements;
  Bytes signer;  ///< whose signature the stored form has; empty: not stored yet
  /// SHA-256 of the stored form that this is; nullopt: not stored yet.
  std::optional<crypto::Sha256> stored;

  [[nodiscard]] const EnrolledToken& our() const noexcept { return tokens[ours].token; }
  [[nodiscard]] std::uint32_t current_version(KeyName name) const noexcept;
  /// not_found for a version that isn't there.
  [[nodiscard]] Result<ByteView> key(KeyName name, std::uint32_t version, Reveal why) const;
  void sort_keys();
};

[[nodiscard]] Result<std::unique_ptr<KeyringState>> copy_of(const KeyringState& state);

/// The stored form: keyring key wrapped to each token (the one at hand opens it again, to see that
/// it does), signed by the token at hand, which announces the `sign` keys of the others in `next`
/// where it hasn't yet. `precondition` where a token of another kek than before isn't at hand.
[[nodiscard]] Result<Bytes> seal_state(pkcs11::Token& token, KeyringState& next, WallTime now);

}  // namespace coffer::envelope
