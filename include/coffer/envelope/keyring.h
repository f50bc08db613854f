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
};

/// CKA_ID of a vault's key: vault id ‖ role ('k' or 's') ‖ version, big-endian.
[[nodiscard]] pkcs11::KeyRef kek_ref(const Uuid& vault, std::uint32_t version);
[[nodiscard]] pkcs11::KeyRef sign_ref(const Uuid& vault, std::uint32_t version);

/// Immutable once open; thread-safe; the token outlives it. Implements Signer with the token's
/// `sign` key: callers sign messages that start with a label of their own, never a caller's bytes.
class Keyring final : public crypto::Signer {
 public:
  /// Makes the kek and the sign key on the token, and fresh keyring keys.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> create(pkcs11::Token& token,
                                                               const Uuid& vault);
  /// As create(), with keys that are on the token already under this vault's ids: those of a
  /// ceremony, or of a start that was cut short. They must be what their roles demand.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> adopt(pkcs11::Token& token,
                                                              const Uuid& vault);
  /// The vault that a stored keyring says it is of. Nothing is verified: for display while sealed.
  [[nodiscard]] static Result<Uuid> vault_of(ByteView stored);
  /// Checks the signature by `pinned_signer`, the token's serial and its fresh signature, both
  /// keys' attributes; then unwraps. `corrupt` for any byte that was changed; `precondition` for a
  /// token that isn't this vault's; `unavailable` if the token is away or hasn't the keys.
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> open(pkcs11::Token& token, ByteView stored,
                                                             ByteView pinned_signer);
  ~Keyring() override;

  /// The stored form: freshly wrapped and signed.
  [[nodiscard]] Result<Bytes> store();

  [[nodiscard]] const Uuid& vault() const noexcept;
  [[nodiscard]] const EnrolledToken& token() const noexcept;
  [[nodiscard]] std::uint32_t current_version(KeyName name) const noexcept;
  /// not_found for a version that isn't in the ring.
  [[nodiscard]] Result<ByteView> key(KeyName name, std::uint32_t version, Reveal why) const;

  [[nodiscard]] Result<Bytes> sign(ByteView message) override;
  [[nodiscard]] ByteView public_key() const override;

 private:
  struct Impl;
  explicit Keyring(std::unique_ptr<Impl> impl);
  [[nodiscard]] static Result<std::unique_ptr<Keyring>> make(pkcs11::Token& token,
                                                             const Uuid& vault, bool generate);
  std::unique_ptr<Impl> impl_;
};

}  // namespace coffer::envelope
