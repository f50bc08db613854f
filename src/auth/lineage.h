// A token lives as long as all its ancestors do.
#pragma once

#include "coffer/auth/token.h"
#include "coffer/envelope/sealed_store.h"

namespace coffer::auth {

struct Lineage {
  bool alive = false;
  WallTime expires{};  ///< the earliest of the token and its ancestors; epoch: never
  std::vector<std::pair<store::Key, store::RowVersion>> rows;  ///< what this was read from
};

/// Walks from the token to the orphan at the top, or to an ancestor that let its children go. An
/// ancestor that isn't there any more is dead.
[[nodiscard]] Result<Lineage> trace(envelope::SealedTransaction& tx,
                                    const envelope::Keyring& keyring, const Token& token,
                                    WallTime now);

/// What the token has in common with all that came from the same login: that which is written down,
/// or else the accessor of the topmost above it. Who was made with a root token, or is no child any
/// more, is one of his own.
[[nodiscard]] Result<std::string> identity_of(envelope::SealedTransaction& tx,
                                              const envelope::Keyring& keyring, Token token);
/// That of a child to be; empty: it is one of its own.
[[nodiscard]] Result<std::string> inherited(envelope::SealedTransaction& tx,
                                            const envelope::Keyring& keyring, const Token& parent);

}  // namespace coffer::auth
