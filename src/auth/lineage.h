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

}  // namespace coffer::auth
