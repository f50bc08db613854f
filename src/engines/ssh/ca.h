// A mount's CA: its key is made on the token and never leaves it; here stand which key it is and
// its public half (docs/formats/ssh.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coffer/engine/engine.h"
#include "coffer/pkcs11/token.h"

namespace coffer::engines::ssh {

/// In the CKA_IDs of their keys.
inline constexpr char kCaLetter = 'h';

inline constexpr std::uint16_t kCaTable = 1;    ///< one row a mount
inline constexpr std::uint16_t kRoleTable = 2;  ///< a row a role

struct Ca {
  std::uint32_t generation = 0;  ///< of the key; counts on when a CA is deleted
  WallTime made{};               ///< of the key; zero: not known
  Bytes point{};                 ///< P-256, 65 bytes; empty: there is no CA now
};

[[nodiscard]] std::string encode(const Ca& ca);
[[nodiscard]] Result<Ca> decode_ca(std::string_view row);

[[nodiscard]] inline engine::RowName ca_row(const Uuid& mount) {
  return {{mount, kCaTable}, {}, "ca"};
}

struct StoredCa {
  Ca ca{};
  engine::RowVersion version = 0;  ///< 0: there is no row
  [[nodiscard]] bool present() const noexcept { return !ca.point.empty(); }
};
[[nodiscard]] Result<StoredCa> load_ca(engine::SealedTransaction& tx, const Uuid& mount);
[[nodiscard]] Result<void> save_ca(engine::SealedTransaction& tx, const Uuid& mount,
                                   const StoredCa& ca);

/// Known before the key is made, so that none is ever forgotten on the token: mount ‖ "h" ‖
/// generation.
[[nodiscard]] pkcs11::KeyRef ca_key(const Uuid& mount, std::uint32_t generation);

/// Makes the key of this generation, or takes up the one that a try before left there. Its point.
[[nodiscard]] Result<Bytes> make_ca_key(pkcs11::Token& token, const Uuid& mount,
                                        std::uint32_t generation);

/// Stages that the key of a CA that is no more goes from the token.
[[nodiscard]] Result<void> schedule_end(engine::SealedTransaction& tx, const Uuid& mount,
                                        std::uint32_t generation, WallTime now);

}  // namespace coffer::engines::ssh
