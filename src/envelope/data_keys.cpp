#include "data_keys.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "contexts.h"

namespace coffer::envelope {

Result<SecureBytes> mixed_random_key(pkcs11::Token& token, std::string_view label) {
  Result<SecureBytes> ours = crypto::random_secret(kDataKeySize);
  if (!ours.ok()) return ours;
  Result<SecureBytes> theirs = token.random(kDataKeySize);
  if (!theirs.ok()) return from_token(std::move(theirs).error());
  if (theirs->size() != kDataKeySize) {
    return make_error(ErrorCode::unavailable, "the token gave too few random bytes");
  }
  COFFER_TRY(SecureBytes key, SecureBytes::allocate(kDataKeySize));
  COFFER_TRY(crypto::Sha256 mixed,
             crypto::hmac_sha256(ours->expose(Reveal{"mix a new key"}),
                                 {as_bytes(label), theirs->expose(Reveal{"mix a new key"})}));
  const MutableByteView out = key.expose_mutable(Reveal{"hold a new key"});
  std::copy(mixed.begin(), mixed.end(), out.begin());
  wipe(mixed);
  return key;
}

Error from_token(Error error) {
  if (error.code != ErrorCode::not_found) return error;
  return make_error(ErrorCode::unavailable, "the vault's key isn't on the token, or it went away",
                    describe(error), error.where);
}

Result<WrappedDataKey> DataKeys::make(const Uuid& record) {
  const EnrolledToken& enrolled = keyring_.token();
  COFFER_TRY(SecureBytes key, mixed_random_key(token_, kDataKeyLabel));
  COFFER_CHECK(counter_.count());
  const std::string context =
      record_wrap_context(keyring_.vault(), record, enrolled.id, enrolled.kek_version);
  Result<Bytes> wrapped =
      token_.wrap(kek_ref(keyring_.vault(), enrolled.kek_version), key, as_bytes(context));
  if (!wrapped.ok()) return from_token(std::move(wrapped).error());
  if (wrapped->size() != kWrappedKeySize) {
    return make_error(ErrorCode::unavailable, "the token gave a wrapped key of another length");
  }
  return WrappedDataKey{std::move(key), *std::move(wrapped)};
}

Result<SecureBytes> DataKeys::unwrap(const Record& record) {
  const Uuid& ours = keyring_.token().id;
  const auto recipient =
      std::find_if(record.recipients.begin(), record.recipients.end(),
                   [&](const Recipient& candidate) { return candidate.token == ours; });
  if (recipient == record.recipients.end()) {
    return make_error(ErrorCode::corrupt, "a sealed record isn't for this token");
  }
  COFFER_CHECK(check_wrapped(*recipient));
  const std::string context =
      record_wrap_context(record.vault, record.id, ours, recipient->kek_version);
  Result<SecureBytes> key = token_.unwrap(kek_ref(record.vault, recipient->kek_version),
                                          recipient->wrapped, as_bytes(context));
  if (!key.ok()) return from_token(std::move(key).error());
  if (key->size() != kDataKeySize) {
    return make_error(ErrorCode::corrupt, "the token unwrapped a key of another length");
  }
  return key;
}

}  // namespace coffer::envelope
