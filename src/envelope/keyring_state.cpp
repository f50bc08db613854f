#include "keyring_state.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/pkcs11/wrap.h"
#include "contexts.h"
#include "data_keys.h"
#include "signers.h"

namespace coffer::envelope {
namespace {

/// The keyring key to one token; nothing where it can't be: not at hand, and no public half.
Result<std::optional<Bytes>> wrap_to(pkcs11::Token& at_hand, const KeyringState& state,
                                     std::size_t index) {
  const EnrolledToken& to = state.tokens[index].token;
  const std::string context = keyring_wrap_context(state.vault, to.id, to.kek_version);
  if (index == state.ours) {
    Result<Bytes> wrapped =
        at_hand.wrap(kek_ref(state.vault, to.kek_version), state.keyring_key, as_bytes(context));
    if (!wrapped.ok()) return from_token(std::move(wrapped).error());
    return std::optional<Bytes>(*std::move(wrapped));
  }
  if (!to.wraps_on_host()) return std::optional<Bytes>();
  COFFER_TRY(Bytes wrapped, pkcs11::wrap_on_host({to.algorithm, to.kek_public_key},
                                                 state.keyring_key, as_bytes(context)));
  return std::optional<Bytes>(std::move(wrapped));
}

/// Read back: what the token can't open again would be found out at the next start.
Result<void> check_ours(pkcs11::Token& at_hand, const KeyringState& state) {
  const KeyringToken& entry = state.tokens[state.ours];
  const EnrolledToken& ours = entry.token;
  const Recipient recipient{ours.id, ours.kek_version, entry.algorithm, entry.wrapped};
  if (!check_wrapped(recipient).ok()) {
    return make_error(ErrorCode::unavailable, "the token gave a wrapped key of another length");
  }
  const std::string context = keyring_wrap_context(state.vault, ours.id, ours.kek_version);
  Result<SecureBytes> opened =
      at_hand.unwrap(kek_ref(state.vault, ours.kek_version), entry.wrapped, as_bytes(context));
  if (!opened.ok()) return from_token(std::move(opened).error());
  const Reveal why{"a wrapped keyring key is compared with what was wrapped"};
  if (crypto::equal_constant_time(opened->expose(why), state.keyring_key.expose(why))) return {};
  return make_error(ErrorCode::unavailable, "the token opened something else than it wrapped");
}

Result<void> wrap_all(pkcs11::Token& at_hand, KeyringState& next) {
  const bool all = std::all_of(next.tokens.begin(), next.tokens.end(), [&](const auto& entry) {
    return &entry == &next.tokens[next.ours] || entry.token.wraps_on_host();
  });
  // A new key each time, unless there is a token that only its own old wrap can serve.
  if (all || next.keyring_key.empty()) {
    COFFER_TRY(next.keyring_key, mixed_random_key(at_hand, kKeyringKeyLabel));
  }
  for (std::size_t i = 0; i < next.tokens.size(); ++i) {
    COFFER_TRY(std::optional<Bytes> wrapped, wrap_to(at_hand, next, i));
    KeyringToken& entry = next.tokens[i];
    if (wrapped) {
      entry.wrapped = *std::move(wrapped);
      entry.algorithm = entry.token.algorithm;
    } else if (entry.wrapped.empty()) {
      return make_error(ErrorCode::precondition, "a token that isn't at hand can't be wrapped to");
    }
  }
  return check_ours(at_hand, next);
}

}  // namespace

std::uint32_t KeyringState::current_version(KeyName name) const noexcept {
  std::uint32_t version = 0;
  for (const VersionedKey& entry : keys) {
    if (entry.name == name) version = std::max(version, entry.version);
  }
  return version;
}

Result<ByteView> KeyringState::key(KeyName name, std::uint32_t version, Reveal why) const {
  for (const VersionedKey& entry : keys) {
    if (entry.name == name && entry.version == version) return entry.key.expose(why);
  }
  return make_error(ErrorCode::not_found, "no such version of a key in the keyring");
}

void KeyringState::sort_keys() {
  std::sort(keys.begin(), keys.end(), [](const VersionedKey& a, const VersionedKey& b) {
    return a.name != b.name ? a.name < b.name : a.version < b.version;
  });
}

Result<std::unique_ptr<KeyringState>> copy_of(const KeyringState& state) {
  auto copy = std::make_unique<KeyringState>();
  copy->vault = state.vault;
  copy->tokens = state.tokens;
  copy->ours = state.ours;
  copy->announcements = state.announcements;
  copy->signer = state.signer;
  copy->stored = state.stored;
  COFFER_TRY(copy->keyring_key, state.keyring_key.clone());
  for (const VersionedKey& entry : state.keys) {
    COFFER_TRY(SecureBytes key, entry.key.clone());
    copy->keys.push_back({entry.name, entry.version, std::move(key)});
  }
  return copy;
}

Result<Bytes> seal_state(pkcs11::Token& token, KeyringState& next, WallTime now) {
  COFFER_CHECK(wrap_all(token, next));
  std::array<std::uint8_t, 12> iv{};
  COFFER_CHECK(crypto::random_fill(iv));
  COFFER_TRY(const std::string body,
             pack_keyring(next.vault, next.tokens, next.keys,
                          next.keyring_key.expose(Reveal{"seal the keyring"}), iv));
  const EnrolledToken& ours = next.our();
  const std::string message = keyring_signature_message(as_bytes(body));
  COFFER_TRY(const Bytes signature, sign_by(token, next.vault, ours, message));
  next.signer = ours.sign_public_key;
  COFFER_CHECK(announce_all(token, next, now));
  Bytes stored = to_bytes(as_bytes(body));
  stored.insert(stored.end(), signature.begin(), signature.end());
  COFFER_TRY(next.stored, crypto::sha256(stored));
  return stored;
}

}  // namespace coffer::envelope
