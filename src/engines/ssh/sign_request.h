// What a caller asks to have signed, held against the role: a pure function.
#pragma once

#include "role.h"

namespace coffer::engines::ssh {

/// What a certificate's content depends on beside role and fields.
struct Circumstances {
  std::string_view role_name;
  std::string_view display_name;  ///< of the caller; may be empty
  WallTime now;
  seconds default_ttl;  ///< of the mount, where the role has none
  seconds max_ttl;      ///< likewise
};

/// The key that is to be signed, as the role allows.
[[nodiscard]] Result<PublicKey> read_public_key(const model::Fields& fields, const Role& role);

/// All but nonce and serial. invalid_argument names the field, and nothing of what it held.
[[nodiscard]] Result<Certificate> read_sign_request(const model::Fields& fields, const Role& role,
                                                    const Circumstances& around, PublicKey key);

}  // namespace coffer::engines::ssh
