// Data keys: made, wrapped and unwrapped. Private to the room.
#pragma once

#include "coffer/pkcs11/token.h"
#include "record.h"
#include "sealing.h"

namespace coffer::envelope {

/// 256 bits of both generators: as good as the better one, for whoever doesn't know both.
[[nodiscard]] Result<SecureBytes> mixed_random_key(pkcs11::Token& token, std::string_view label);

/// The token's error as a caller of ours is to see it. `not_found` becomes `unavailable`: a key
/// that can't be found may be on a token that went away, and means nothing about a row.
[[nodiscard]] Error from_token(Error error);

/// A recipient that holds its bytes.
struct Wrap {
  Uuid token;
  std::uint32_t kek_version = 0;
  std::string algorithm;
  Bytes wrapped;

  [[nodiscard]] Recipient view() const { return {token, kek_version, algorithm, wrapped}; }
};
[[nodiscard]] std::vector<Recipient> views(const std::vector<Wrap>& wraps);

struct WrappedDataKey {
  SecureBytes key;
  std::vector<Wrap> wraps;
};

/// Thread-safe; the token outlives it.
class DataKeys final {
 public:
  explicit DataKeys(pkcs11::Token& token) : token_(token) {}

  /// A new one, wrapped for every token that can be wrapped to. Two operations on the token at
  /// hand, one of which is random.
  [[nodiscard]] Result<WrappedDataKey> make(const Sealing& sealing, const Uuid& record);

  /// To one token of the ring, which is at hand or whose public half is. Counts.
  [[nodiscard]] Result<Wrap> wrap(const Sealing& sealing, std::size_t index, const Uuid& record,
                                  const SecureBytes& key);

  /// The record's, by one token operation. Precondition: the record is authenticated.
  [[nodiscard]] Result<SecureBytes> unwrap(const Record& record, const Uuid& ours);
  /// By this recipient, which is ours.
  [[nodiscard]] Result<SecureBytes> unwrap(const Uuid& vault, const Uuid& record,
                                           const Recipient& recipient);

 private:
  pkcs11::Token& token_;
};

}  // namespace coffer::envelope
