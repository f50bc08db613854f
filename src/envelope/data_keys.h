// Data keys: made, wrapped and unwrapped on the token. Private to the room.
#pragma once

#include "coffer/pkcs11/token.h"
#include "record.h"
#include "wrap_counter.h"

namespace coffer::envelope {

/// 256 bits of both generators: as good as the better one, for whoever doesn't know both.
[[nodiscard]] Result<SecureBytes> mixed_random_key(pkcs11::Token& token, std::string_view label);

/// The token's error as a caller of ours is to see it. `not_found` becomes `unavailable`: a key
/// that can't be found may be on a token that went away, and means nothing about a row.
[[nodiscard]] Error from_token(Error error);

struct WrappedDataKey {
  SecureBytes key;
  Bytes wrapped;
};

/// Thread-safe; what it is given outlives it.
class DataKeys final {
 public:
  DataKeys(const Keyring& keyring, pkcs11::Token& token, WrapCounter& counter)
      : keyring_(keyring), token_(token), counter_(counter) {}

  /// A new one, wrapped for the keyring's token. Two token operations, one of which is random.
  [[nodiscard]] Result<WrappedDataKey> make(const Uuid& record);

  /// The record's, by one token operation. Precondition: the record is authenticated.
  [[nodiscard]] Result<SecureBytes> unwrap(const Record& record);

 private:
  const Keyring& keyring_;
  pkcs11::Token& token_;
  WrapCounter& counter_;
};

}  // namespace coffer::envelope
