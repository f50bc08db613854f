// What a write of a key asks for, held against Vault's rules and ours.
#pragma once

#include "coffer/model/fields.h"
#include "key.h"

namespace coffer::engines::totp {

struct KeyRequest {
  Key key{};
  std::string seed{};    ///< bytes, secret; empty: one is to be made
  std::size_t size = 0;  ///< of one that is to be made
  bool exported = true;  ///< one that is made is told, once
  int qr_size = 0;       ///< and as a picture of so many pixels; 0: none
};

/// invalid_argument names the field, and nothing of what it held.
[[nodiscard]] Result<KeyRequest> read_key_request(const model::Fields& fields);

}  // namespace coffer::engines::totp
