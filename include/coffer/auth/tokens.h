// Tokens: made, found by their keyed hash, turned into a Caller. The store never holds a token.
#pragma once

#include "coffer/envelope/sealed_store.h"
#include "coffer/model/caller.h"

namespace coffer::auth {

/// Thread-safe: state lives in the store. `keyring` outlives it.
class Tokens final {
 public:
  explicit Tokens(const envelope::Keyring& keyring) : keyring_(keyring) {}

  /// Stages a new token with the policy `root` that never expires; gives the token itself, which is
  /// nowhere else: 256 random bits behind "hvs.".
  [[nodiscard]] Result<SecureBytes> create_root(envelope::SealedTransaction& tx,
                                                WallTime now) const;

  /// Reads only. Unknown, malformed or absent: permission_denied, always the same.
  [[nodiscard]] Result<model::Caller> identify(envelope::SealedTransaction& tx,
                                               std::string_view bearer) const;

 private:
  const envelope::Keyring& keyring_;
};

}  // namespace coffer::auth
