#include "coffer/envelope/keyring.h"

#include <algorithm>
#include <atomic>

#include "coffer/crypto/random.h"
#include "contexts.h"
#include "data_keys.h"
#include "packer.h"
#include "signers.h"

namespace coffer::envelope {
namespace {

constexpr KeyName kAllNames[] = {KeyName::record,     KeyName::bind,  KeyName::name,
                                 KeyName::token_hash, KeyName::audit, KeyName::fingerprint};
constexpr std::size_t kChallengeSize = 32;

pkcs11::KeyRef key_ref(const Uuid& vault, char role, std::uint32_t version) {
  Packer id(vault.bytes.size() + 1 + sizeof(version));
  id.raw(vault).u8(static_cast<std::uint8_t>(role)).u32(version);
  return {to_bytes(id.view())};
}

/// A token is known by a signature of something that it can't have signed before, not by what it
/// says of itself. The label keeps this from being a way to have anything else signed.
Result<void> challenge(pkcs11::Token& token, const Uuid& vault, const EnrolledToken& enrolled) {
  COFFER_TRY(const Bytes nonce, crypto::random_bytes(kChallengeSize));
  const std::string message =
      Packer(128).text(kChallengeLabel).blob(vault).blob(enrolled.id).blob(nonce).take();
  Result<Bytes> signature = token.sign(sign_ref(vault, enrolled.sign_version), as_bytes(message));
  if (!signature.ok()) return from_token(std::move(signature).error());
  if (crypto::verify(enrolled.sign_public_key, as_bytes(message), *signature).ok()) return {};
  return make_error(ErrorCode::precondition,
                    "the token has the right serial, but not the vault's signing key");
}

Result<void> verify_key(pkcs11::Token& token, pkcs11::KeyRole role, const pkcs11::KeyRef& key) {
  Result<void> verified = token.verify(role, key);
  if (verified.ok()) return verified;
  return from_token(std::move(verified).error());
}

Result<void> prove(pkcs11::Token& token, const Uuid& vault, const EnrolledToken& enrolled) {
  COFFER_CHECK(verify_key(token, pkcs11::KeyRole::sign, sign_ref(vault, enrolled.sign_version)));
  COFFER_CHECK(challenge(token, vault, enrolled));
  return verify_key(token, pkcs11::KeyRole::kek, kek_ref(vault, enrolled.kek_version));
}

/// What the token says of the keys that it has.
Result<void> describe_keys(pkcs11::Token& token, const Uuid& vault, EnrolledToken& enrolled) {
  Result<Bytes> signer = token.public_key(sign_ref(vault, enrolled.sign_version));
  if (!signer.ok()) return from_token(std::move(signer).error());
  enrolled.sign_public_key = *std::move(signer);
  Result<pkcs11::KekInfo> kek = token.describe_kek(kek_ref(vault, enrolled.kek_version));
  if (!kek.ok()) return from_token(std::move(kek).error());
  enrolled.algorithm = kek->algorithm;
  enrolled.kek_public_key = std::move(kek->public_key);
  return {};
}

Result<EnrolledToken> enrol(pkcs11::Token& token, const Uuid& vault, bool make, WallTime now) {
  EnrolledToken enrolled;
  COFFER_TRY(const pkcs11::TokenInfo info, token.info());
  enrolled.serial = info.serial;
  enrolled.label = info.label;
  enrolled.kek_installed = now;
  COFFER_TRY(enrolled.id, crypto::random_uuid());
  if (make) {
    COFFER_CHECK(token.generate(pkcs11::KeyRole::kek, kek_ref(vault, enrolled.kek_version),
                                "coffer kek v1"));
    COFFER_CHECK(token.generate(pkcs11::KeyRole::sign, sign_ref(vault, enrolled.sign_version),
                                "coffer sign v1"));
  }
  COFFER_CHECK(describe_keys(token, vault, enrolled));
  COFFER_CHECK(prove(token, vault, enrolled));
  return enrolled;
}

Result<std::vector<VersionedKey>> make_keys(pkcs11::Token& token) {
  std::vector<VersionedKey> keys;
  for (const KeyName name : kAllNames) {
    COFFER_TRY(SecureBytes key, mixed_random_key(token, kKeyringKeyLabel));
    keys.push_back({name, 1, std::move(key)});
  }
  return keys;
}

Result<SecureBytes> unwrap_from(pkcs11::Token& token, const Uuid& vault,
                                const KeyringToken& entry) {
  const EnrolledToken& enrolled = entry.token;
  const std::string context = keyring_wrap_context(vault, enrolled.id, enrolled.kek_version);
  Result<SecureBytes> key =
      token.unwrap(kek_ref(vault, enrolled.kek_version), entry.wrapped, as_bytes(context));
  if (!key.ok()) return from_token(std::move(key).error());
  if (key->size() != kKeyringKeySize) {
    return make_error(ErrorCode::corrupt, "the token unwrapped a key of another length");
  }
  return key;
}

Result<std::size_t> find_token(pkcs11::Token& token, const ParsedKeyring& parsed) {
  COFFER_TRY(const pkcs11::TokenInfo info, token.info());
  const auto found =
      std::find_if(parsed.tokens.begin(), parsed.tokens.end(),
                   [&](const KeyringToken& entry) { return entry.token.serial == info.serial; });
  if (found != parsed.tokens.end()) return static_cast<std::size_t>(found - parsed.tokens.begin());
  return make_error(ErrorCode::precondition, "the token's serial isn't one of this vault's tokens");
}

Result<SplitKeyring> verified_by(ByteView stored, ByteView signer) {
  COFFER_TRY(const std::size_t signature_size, crypto::signature_size(signer));
  COFFER_TRY(const SplitKeyring split, split_keyring(stored, signature_size));
  COFFER_CHECK(
      crypto::verify(signer, as_bytes(keyring_signature_message(split.body)), split.signature));
  return split;
}

struct Signed {
  Bytes signer;
  ByteView body;
};

/// By the key, among those that `pinned` leads to, which signed the keyring.
Result<Signed> find_signer(ByteView stored, ByteView pinned, const Announcements& announcements) {
  // The pinned one itself, first: nothing else is looked at if it signed.
  const Result<SplitKeyring> by_pinned = verified_by(stored, pinned);
  if (by_pinned.ok()) return Signed{to_bytes(pinned), by_pinned->body};
  if (by_pinned.error().code != ErrorCode::corrupt) return by_pinned.error();
  for (Bytes& key : reachable(pinned, announcements)) {
    if (const auto split = verified_by(stored, key); split.ok()) {
      return Signed{std::move(key), split->body};
    }
  }
  return by_pinned.error();
}

/// A key that was told of once may have been given up since: it signs for the vault only as long as
/// the keyring itself says that it is a token's current one.
Result<void> check_signer(const ParsedKeyring& parsed, const Announcements& announcements,
                          const Bytes& signer) {
  if (!announcements.all.empty() && announcements.vault != parsed.vault) {
    return make_error(ErrorCode::corrupt, "the announcements of signers are another vault's");
  }
  const bool current =
      std::any_of(parsed.tokens.begin(), parsed.tokens.end(),
                  [&](const KeyringToken& entry) { return entry.token.sign_public_key == signer; });
  if (current) return {};
  return make_error(ErrorCode::corrupt, "the keyring is signed by a key that it doesn't name");
}

}  // namespace

struct Keyring::Impl {
  explicit Impl(pkcs11::Token& at_hand) : token(at_hand) {}

  pkcs11::Token& token;
  /// All states there were, for views of their keys were given out; changes are few.
  std::vector<std::unique_ptr<const KeyringState>> states;
  std::atomic<const KeyringState*> current{nullptr};
};

pkcs11::KeyRef kek_ref(const Uuid& vault, std::uint32_t version) {
  return key_ref(vault, 'k', version);
}

pkcs11::KeyRef sign_ref(const Uuid& vault, std::uint32_t version) {
  return key_ref(vault, 's', version);
}

Keyring::Keyring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::make(pkcs11::Token& token, const Uuid& vault,
                                               bool generate, WallTime now) {
  auto state = std::make_unique<KeyringState>();
  state->vault = vault;
  KeyringToken entry;
  COFFER_TRY(entry.token, enrol(token, vault, generate, now));
  entry.algorithm = entry.token.algorithm;
  state->tokens.push_back(std::move(entry));
  COFFER_TRY(state->keys, make_keys(token));
  std::unique_ptr<Keyring> keyring(new Keyring(std::make_unique<Impl>(token)));
  keyring->publish(std::move(state));
  return keyring;
}

Result<std::unique_ptr<Keyring>> Keyring::create(pkcs11::Token& token, const Uuid& vault,
                                                 WallTime now) {
  return make(token, vault, true, now);
}

Result<std::unique_ptr<Keyring>> Keyring::adopt(pkcs11::Token& token, const Uuid& vault,
                                                WallTime now) {
  return make(token, vault, false, now);
}

Result<Uuid> Keyring::vault_of(ByteView stored) { return read_vault(stored); }

Result<std::unique_ptr<Keyring>> Keyring::open(pkcs11::Token& token, ByteView stored,
                                               ByteView pinned_signer, ByteView announcements) {
  COFFER_TRY(Announcements told, read_announcements(announcements));
  // Before a single byte is interpreted: nothing that no trusted key signed is looked at.
  COFFER_TRY(Signed found, find_signer(stored, pinned_signer, told));
  COFFER_TRY(ParsedKeyring parsed, parse_keyring(found.body));
  COFFER_CHECK(check_signer(parsed, told, found.signer));
  auto state = std::make_unique<KeyringState>();
  COFFER_TRY(state->ours, find_token(token, parsed));
  const KeyringToken& entry = parsed.tokens[state->ours];
  COFFER_CHECK(prove(token, parsed.vault, entry.token));
  COFFER_TRY(state->keyring_key, unwrap_from(token, parsed.vault, entry));
  COFFER_TRY(state->keys, open_keys(parsed, state->keyring_key.expose(Reveal{"open the keyring"})));
  state->vault = parsed.vault;
  state->tokens = std::move(parsed.tokens);
  state->announcements = std::move(told.all);
  state->signer = std::move(found.signer);
  COFFER_TRY(state->stored, crypto::sha256(stored));
  std::unique_ptr<Keyring> keyring(new Keyring(std::make_unique<Impl>(token)));
  keyring->publish(std::move(state));
  return keyring;
}

Result<Bytes> Keyring::store() {
  COFFER_TRY(auto next, copy_of(state()));
  COFFER_TRY(Bytes stored, seal_state(impl_->token, *next, {}));
  publish(std::move(next));
  return stored;
}

const KeyringState& Keyring::state() const noexcept {
  return *impl_->current.load(std::memory_order_acquire);
}

void Keyring::publish(std::unique_ptr<const KeyringState> next) {
  const KeyringState* const current = next.get();
  impl_->states.push_back(std::move(next));
  impl_->current.store(current, std::memory_order_release);
}

const Uuid& Keyring::vault() const noexcept { return state().vault; }
const EnrolledToken& Keyring::token() const noexcept { return state().our(); }

std::vector<EnrolledToken> Keyring::tokens() const {
  std::vector<EnrolledToken> all;
  for (const KeyringToken& entry : state().tokens) all.push_back(entry.token);
  return all;
}

const std::vector<Announcement>& Keyring::announcements() const noexcept {
  return state().announcements;
}

bool Keyring::signed_by_ours() const noexcept {
  return state().signer == state().our().sign_public_key;
}

std::uint32_t Keyring::current_version(KeyName name) const noexcept {
  return state().current_version(name);
}

Result<ByteView> Keyring::key(KeyName name, std::uint32_t version, Reveal why) const {
  return state().key(name, version, why);
}

Result<Bytes> Keyring::sign(ByteView message) {
  Result<Bytes> signature = impl_->token.sign(sign_ref(vault(), token().sign_version), message);
  if (!signature.ok()) return from_token(std::move(signature).error());
  return signature;
}

ByteView Keyring::public_key() const { return token().sign_public_key; }

}  // namespace coffer::envelope
