// What a new token gets, by who asks, by which role, for how long. Pure functions.
#pragma once

#include "coffer/auth/token_roles.h"
#include "coffer/engine/engine.h"
#include "request.h"

namespace coffer::engines::token {

/// Who makes the token.
struct Maker {
  std::vector<std::string> policies;
  bool expires = true;  ///< his own credential ends some day

  [[nodiscard]] bool is_root() const;
};

/// How long tokens of a mount live: at most 768 hours, less where the mount says less.
struct Limits {
  std::chrono::seconds usual;
  std::chrono::seconds longest;
};
[[nodiscard]] Limits limits_of(const engine::MountConfig& config);

/// Vault's rules. invalid_argument: more than the maker has, or than the role allows; `root` beside
/// others, or by someone who isn't; `role` may be nullptr.
[[nodiscard]] Result<std::vector<std::string>> decide_policies(const Asked& asked,
                                                               const Maker& maker,
                                                               const auth::TokenRole* role);

/// Fills in ttl, period, explicit_max_ttl, num_uses, renewable. Shortens what goes over a limit,
/// with a warning. Only a token with the policy `root` can have a ttl of 0: it never expires.
[[nodiscard]] Result<void> decide_times(const Asked& asked, const Maker& maker,
                                        const auth::TokenRole* role, const Limits& limits,
                                        auth::TokenTerms& terms,
                                        std::vector<std::string>& warnings);

}  // namespace coffer::engines::token
