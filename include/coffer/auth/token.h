// What is known of a token; never the token itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/crypto/digest.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::auth {

/// Ancestors that a token may have: each is looked at when it is used.
inline constexpr std::size_t kMaxTokenDepth = 32;

using Meta = std::vector<std::pair<std::string, std::string>>;

/// The kind's own account of a token, alike for tokens to be and tokens that are.
struct TokenTerms {
  std::vector<std::string> policies{};  ///< sorted, none twice
  Meta meta{};
  std::string display_name{};
  std::string path{};                        ///< where it was made: "auth/token/create"
  std::string role{};                        ///< empty: none
  std::chrono::seconds ttl{0};               ///< 0: it never expires
  std::chrono::seconds explicit_max_ttl{0};  ///< 0: none
  std::chrono::seconds period{0};            ///< 0: none
  std::int64_t num_uses = 0;                 ///< 0: without end
  bool renewable = false;
};

struct NewToken {
  TokenTerms terms{};
  std::string parent{};    ///< accessor; empty: an orphan
  std::string identity{};  ///< of an orphan; empty: it is one of its own. A child has its parent's
};

enum class TokenState : std::uint8_t {
  alive = 1,
  revoked = 2,   ///< it and all below it are dead
  detached = 3,  ///< it is dead; its children are on their way to being orphans
};

/// A token as stored. docs/formats/auth.md.
struct Token {
  TokenTerms terms{};  ///< num_uses: those that are left
  TokenState state = TokenState::alive;
  std::string accessor{};
  std::string parent{};  ///< accessor; empty: an orphan
  std::uint16_t depth = 0;
  WallTime created{};
  WallTime issued{};              ///< of the last renewal
  WallTime expires{};             ///< epoch: never
  crypto::Sha256 hash{};          ///< keyed, of the token
  std::uint32_t key_version = 0;  ///< of that key
  std::string identity{};         ///< empty: identity_of() finds it
  store::RowVersion version = 0;  ///< of the row

  [[nodiscard]] bool never_expires() const { return expires == WallTime{}; }
  [[nodiscard]] bool expired(WallTime now) const { return !never_expires() && expires <= now; }
  /// What is left, rounded up: 0 only for a token that never expires, or is expired.
  [[nodiscard]] std::chrono::seconds remaining(WallTime now) const;
};

}  // namespace coffer::auth
