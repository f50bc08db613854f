#include "data_keys.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/pkcs11/wrap.h"
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

std::vector<Recipient> views(const std::vector<Wrap>& wraps) {
  std::vector<Recipient> all;
  all.reserve(wraps.size());
  for (const Wrap& wrap : wraps) all.push_back(wrap.view());
  return all;
}

Result<WrappedDataKey> DataKeys::make(const Sealing& sealing, const Uuid& record) {
  WrappedDataKey made;
  COFFER_TRY(made.key, mixed_random_key(token_, kDataKeyLabel));
  const KeyringState& ring = *sealing.ring;
  for (std::size_t i = 0; i < ring.tokens.size(); ++i) {
    // Another one without a public half: completed when it is at hand (docs/keys.md).
    if (i != ring.ours && !ring.tokens[i].token.wraps_on_host()) continue;
    COFFER_TRY(Wrap wrapped, wrap(sealing, i, record, made.key));
    made.wraps.push_back(std::move(wrapped));
  }
  return made;
}

Result<Wrap> DataKeys::wrap(const Sealing& sealing, std::size_t index, const Uuid& record,
                            const SecureBytes& key) {
  const KeyringState& ring = *sealing.ring;
  const EnrolledToken& to = ring.tokens[index].token;
  Wrap made{to.id, to.kek_version, to.algorithm, {}};
  const std::string context = record_wrap_context(ring.vault, record, to.id, to.kek_version);
  if (index == ring.ours) {
    COFFER_CHECK(sealing.counter->count());
    Result<Bytes> wrapped =
        token_.wrap(kek_ref(ring.vault, to.kek_version), key, as_bytes(context));
    if (!wrapped.ok()) return from_token(std::move(wrapped).error());
    made.wrapped = *std::move(wrapped);
  } else {
    COFFER_TRY(made.wrapped,
               pkcs11::wrap_on_host({to.algorithm, to.kek_public_key}, key, as_bytes(context)));
  }
  if (check_wrapped(made.view()).ok()) return made;
  return make_error(ErrorCode::unavailable, "the token gave a wrapped key of another length");
}

Result<SecureBytes> DataKeys::unwrap(const Record& record, const Uuid& ours) {
  const auto recipient =
      std::find_if(record.recipients.begin(), record.recipients.end(),
                   [&](const Recipient& candidate) { return candidate.token == ours; });
  if (recipient == record.recipients.end()) {
    // The list is what was written (authenticate()): written while another token was at hand, which
    // couldn't wrap to this one. Nothing is wrong with it.
    return make_error(ErrorCode::unavailable,
                      "the secret isn't wrapped to the token at hand: start with another of the "
                      "vault's tokens");
  }
  COFFER_CHECK(check_wrapped(*recipient));
  return unwrap(record.vault, record.id, *recipient);
}

Result<SecureBytes> DataKeys::unwrap(const Uuid& vault, const Uuid& record,
                                     const Recipient& recipient) {
  const std::string context =
      record_wrap_context(vault, record, recipient.token, recipient.kek_version);
  Result<SecureBytes> key =
      token_.unwrap(kek_ref(vault, recipient.kek_version), recipient.wrapped, as_bytes(context));
  if (!key.ok()) return from_token(std::move(key).error());
  if (key->size() != kDataKeySize) {
    return make_error(ErrorCode::corrupt, "the token unwrapped a key of another length");
  }
  return key;
}

}  // namespace coffer::envelope
