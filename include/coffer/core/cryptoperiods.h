// How long each kind of key may be used (SP 800-57 part 1, section 5.3): as configured, and what
// that comes to for one key. docs/keys.md.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include "coffer/envelope/sealed_store.h"
#include "coffer/pkcs11/token.h"

namespace coffer::core {

/// Numbers are for ever: they stand in rows.
enum class KeyKind : std::uint8_t {
  kek = 1,
  sign = 2,
  record = 3,
  bind = 4,
  name = 5,
  token_hash = 6,
  audit = 7,
  fingerprint = 8,
  ssh_ca = 9,  ///< of a mount of the SSH engine
};
inline constexpr std::array kKeyKinds = {KeyKind::kek,   KeyKind::sign,        KeyKind::record,
                                         KeyKind::bind,  KeyKind::name,        KeyKind::token_hash,
                                         KeyKind::audit, KeyKind::fingerprint, KeyKind::ssh_ca};

/// "kek", "token_hash": as sys/rotate/keyring/ has them.
[[nodiscard]] std::string_view name_of(KeyKind kind) noexcept;
[[nodiscard]] std::optional<KeyKind> key_kind(std::string_view name) noexcept;
/// nullopt: it lives on the token.
[[nodiscard]] std::optional<envelope::KeyName> keyring_name(KeyKind kind) noexcept;
/// Whether it is a mount's, and its engine makes it.
[[nodiscard]] constexpr bool is_engines(KeyKind kind) noexcept { return kind == KeyKind::ssh_ca; }
/// The CKA_ID of a version on the token: `owner` is the vault, or the mount of an engine's key.
/// Empty for a key of the keyring.
[[nodiscard]] pkcs11::KeyRef key_ref(KeyKind kind, const Uuid& owner, std::uint32_t version);

struct Cryptoperiod {
  /// Originator usage period: new things are made with a key for so long; 0: for ever.
  std::chrono::seconds originator{0};
  /// What is left of the recipient usage period once another key took its place: what it made is
  /// opened or verified for so long; 0: for as long as anything needs it.
  std::chrono::seconds recipient{0};
  /// It is told so long before either ends.
  std::chrono::seconds warn{std::chrono::days(30)};
  /// A key whose originator usage period is over is rotated by itself.
  bool enforce = false;
  bool operator==(const Cryptoperiod&) const = default;
};
inline constexpr std::chrono::hours kLeastPeriod{24};
inline constexpr std::chrono::days kLongestPeriod{36500};

[[nodiscard]] Cryptoperiod default_period(KeyKind kind) noexcept;
/// invalid_argument, with the field and its rule.
[[nodiscard]] Result<void> check(KeyKind kind, const Cryptoperiod& period);

class Cryptoperiods final {
 public:
  /// The defaults, where nothing is configured.
  Cryptoperiods() noexcept;
  [[nodiscard]] static Result<Cryptoperiods> read(envelope::SealedTransaction& tx);
  [[nodiscard]] Result<void> write(envelope::SealedTransaction& tx) const;

  [[nodiscard]] const Cryptoperiod& of(KeyKind kind) const noexcept { return all_[at(kind)]; }
  void set(KeyKind kind, const Cryptoperiod& period) noexcept { all_[at(kind)] = period; }

 private:
  [[nodiscard]] static std::size_t at(KeyKind kind) noexcept {
    return static_cast<std::size_t>(kind) - 1;
  }
  std::array<Cryptoperiod, kKeyKinds.size()> all_{};
};

}  // namespace coffer::core
