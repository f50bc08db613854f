// issue/: a key pair that is made here, for whoever can't make one himself.
#pragma once

#include "coffer/base/secure_bytes.h"
#include "role.h"

namespace coffer::engines::ssh {

struct IssuedKey {
  PublicKey key;
  SecureBytes private_key;  ///< as ssh reads it, without a passphrase
  std::string type;         ///< as it was asked for
};

/// Of the fields `key_type` and `key_bits`, as the role allows. Takes its time over RSA.
[[nodiscard]] Result<IssuedKey> make_key(const model::Fields& fields, const Role& role);

}  // namespace coffer::engines::ssh
