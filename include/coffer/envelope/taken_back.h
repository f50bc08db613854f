// Keys after a store was put back: the token has those of the time that is taken back, and none of
// them may serve again as if it were new. docs/keys.md.
#pragma once

#include "coffer/envelope/sealed_store.h"

namespace coffer::envelope {

/// The versions that sign and wrap from now on; 0: that one stays.
struct Renewed {
  std::uint32_t kek = 0;
  std::uint32_t sign = 0;
};

/// Where the token has a later version of kek or `sign` key than the keyring knows, that key is
/// rotated, onto a version above all that are there, made now. The kek is in any case if
/// `always_kek`. Errors as of KeyChanges.
[[nodiscard]] Result<Renewed> renew_keys(SealedStore& store, pkcs11::Token& token, bool always_kek,
                                         WallTime now);

/// The public halves of all `sign` keys of that vault that are on the token, the newest first: of
/// versions, too, that the keyring doesn't know of, or not any more.
[[nodiscard]] Result<std::vector<Bytes>> sign_keys_on(pkcs11::Token& token, const Uuid& vault);

}  // namespace coffer::envelope
