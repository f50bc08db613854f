// The keyring: the small set of independent keys that are in memory while the vault is open. On
// disk it is wrapped by the token's kek and signed by its sign key. docs/formats/keyring.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/secure_bytes.h"
#include "coffer/base/uuid.h"
#include "coffer/crypto/signer.h"
#include "coffer/pkcs11/token.h"

namespace coffer::envelope {

/// The keyring's keys; each is 256 random bits, versioned, and rotates by itself.
enum class KeyName : std::uint8_t {
  record = 1,       ///< seals metadata rows
  bind = 2,         ///< enters every secret's key
  name = 3,         ///< makes the store's row keys
  token_hash = 4,   ///< hashes tokens for the store
  audit = 5,        ///< hashes values in audit lines
  fingerprint = 6,  ///< recognises leaked values
};

/// A token that the vault is wrapped to.
struct EnrolledToken {
  Uuid id;
  std::string serial;
  std::uint32_t kek_version = 1;
  std::uint32_t sign_version = 1;
  Bytes sign_public_key;  ///< SubjectPublicKeyInfo
  std::string label{};    ///< for people
  std::string algorithm{pkcs11::kWrapAesGcm};
  Bytes kek_public_key{};    ///< SubjectPublicKeyInfo; empty for `aes-gcm`
  WallTime kek_installed{};  ///< 1970: not known (format 1)
  /// Versions of the kek before the current one that weren't retired yet, rising.
  std::vector<std::uint32_t> old_keks{};

  /// Whoever has the kek's public half wraps to this token without it.
  [[nodiscard]] bool wraps_on_host() const noexcept { return !kek_public_key.empty(); }
};

/// The public key of a `sign` key, told by another `sign` key of the vault: who pinned the one
/// follows these to the others (docs/formats/keyring.md).
struct Announcement {
  Bytes from;
  Bytes to;
  std::string serial;         ///< of the token that has `to`
  std::uint32_t version = 0;  ///< of `to` on that token
  WallTime time;
  Bytes signature;  ///< by `from`
};

struct KeyringState;

/// CKA_ID of a vault's key: vault id ‖ role ('k' or 's') ‖ version, big-endian.
[[nodiscard]] pkcs11::KeyRef kek_ref(const Uuid& vault, std::uint32_t version);
[[nodiscard]] pkcs11::KeyRef sign_ref(const Uuid& vault, std::uint32_t version);

/// Thread-safe; the token outlives it. What it holds changes only by KeyChanges (key_changes.h),
/// all at once, and only by addition: what was given out stays good for the keyring's life.
/// Implements Signer with the token's `sign` key: callers sign messages that start with a label of
/// their own, never a caller's bytes.
class Keyring final : public crypto::Signer {
 public:
  /// Makes the kek and the sign key on the token, and fresh keyring keys.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> create(pkcs11::Token& token,
                                                               const Uuid& vault,
                                                               WallTime now = {});
  /// As create(), with keys that are on the token already under this vault's ids: those of a
  /// ceremony, or of a start that was cut short. They must be what their roles demand.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> adopt(pkcs11::Token& token,
                                                              const Uuid& vault, WallTime now = {});
  /// The vault that a stored keyring says it is of. Nothing is verified: for display while sealed.
  [[nodiscard]] static Result<Uuid> vault_of(ByteView stored);
  /// Checks the signature by `pinned_signer`, or by a key that it leads to over `announcements`
  /// (the row of that name, empty if there is none); the token's serial and its fresh signature,
  /// both keys' attributes; then unwraps. `corrupt` for any byte that was changed; `precondition`
  /// for a token that isn't this vault's; `unavailable` if the token is away or hasn't the keys.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> open(pkcs11::Token& token, ByteView stored,
                                                             ByteView pinned_signer,
                                                             ByteView announcements = {});
  ~Keyring() override;

  /// The stored form: freshly wrapped and signed.
  [[nodiscard]] Result<Bytes> store();

  [[nodiscard]] const Uuid& vault() const noexcept;
  /// The one at hand, as it is enrolled now.
  [[nodiscard]] const EnrolledToken& token() const noexcept;
  /// All of them, that one among them.
  [[nodiscard]] std::vector<EnrolledToken> tokens() const;
  [[nodiscard]] const std::vector<Announcement>& announcements() const noexcept;
  /// Whether the stored keyring is signed by the token at hand; not so when another one takes over.
  [[nodiscard]] bool signed_by_ours() const noexcept;
  [[nodiscard]] std::uint32_t current_version(KeyName name) const noexcept;
  /// not_found for a version that isn't in the ring.
  [[nodiscard]] Result<ByteView> key(KeyName name, std::uint32_t version, Reveal why) const;

  [[nodiscard]] Result<Bytes> sign(ByteView message) override;
  [[nodiscard]] ByteView public_key() const override;

  // For the room alone.
  [[nodiscard]] const KeyringState& state() const noexcept;
  /// Precondition: it is stored, and no other thread calls this.
  void publish(std::unique_ptr<const KeyringState> next);

 private:
  struct Impl;
  explicit Keyring(std::unique_ptr<Impl> impl);
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> make(pkcs11::Token& token,
                                                             const Uuid& vault, bool generate,
                                                             WallTime now);
  std::unique_ptr<Impl> impl_;
};

}  // namespace coffer::envelope
