#include "coffer/envelope/keyring.h"

#include <algorithm>

#include "coffer/crypto/random.h"
#include "contexts.h"
#include "data_keys.h"
#include "keyring_format.h"
#include "packer.h"

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

Result<EnrolledToken> enrol(pkcs11::Token& token, const Uuid& vault, bool make) {
  EnrolledToken enrolled;
  COFFER_TRY(const pkcs11::TokenInfo info, token.info());
  enrolled.serial = info.serial;
  COFFER_TRY(enrolled.id, crypto::random_uuid());
  if (make) {
    COFFER_CHECK(token.generate(pkcs11::KeyRole::kek, kek_ref(vault, enrolled.kek_version),
                                "coffer kek v1"));
    COFFER_CHECK(token.generate(pkcs11::KeyRole::sign, sign_ref(vault, enrolled.sign_version),
                                "coffer sign v1"));
  }
  Result<Bytes> signer = token.public_key(sign_ref(vault, enrolled.sign_version));
  if (!signer.ok()) return from_token(std::move(signer).error());
  enrolled.sign_public_key = *std::move(signer);
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

Result<KeyringToken> wrap_for(pkcs11::Token& token, const Uuid& vault,
                              const EnrolledToken& enrolled, const SecureBytes& keyring_key) {
  const std::string context = keyring_wrap_context(vault, enrolled.id, enrolled.kek_version);
  Result<Bytes> wrapped =
      token.wrap(kek_ref(vault, enrolled.kek_version), keyring_key, as_bytes(context));
  if (!wrapped.ok()) return from_token(std::move(wrapped).error());
  if (wrapped->size() != kWrappedKeySize) {
    return make_error(ErrorCode::unavailable, "the token gave a wrapped key of another length");
  }
  return KeyringToken{enrolled, std::string(pkcs11::kWrapAesGcm), *std::move(wrapped)};
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

Result<const KeyringToken*> find_token(pkcs11::Token& token, const ParsedKeyring& parsed) {
  COFFER_TRY(const pkcs11::TokenInfo info, token.info());
  const auto found =
      std::find_if(parsed.tokens.begin(), parsed.tokens.end(),
                   [&](const KeyringToken& entry) { return entry.token.serial == info.serial; });
  if (found != parsed.tokens.end()) return &*found;
  return make_error(ErrorCode::precondition, "the token's serial isn't one of this vault's tokens");
}

}  // namespace

struct Keyring::Impl {
  pkcs11::Token& token;
  Uuid vault;
  EnrolledToken enrolled;
  std::size_t tokens = 1;
  std::vector<VersionedKey> keys;  ///< sorted by name and version
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
                                               bool generate) {
  COFFER_TRY(EnrolledToken enrolled, enrol(token, vault, generate));
  COFFER_TRY(std::vector<VersionedKey> keys, make_keys(token));
  return std::unique_ptr<Keyring>(new Keyring(
      std::unique_ptr<Impl>(new Impl{token, vault, std::move(enrolled), 1, std::move(keys)})));
}

Result<std::unique_ptr<Keyring>> Keyring::create(pkcs11::Token& token, const Uuid& vault) {
  return make(token, vault, true);
}

Result<std::unique_ptr<Keyring>> Keyring::adopt(pkcs11::Token& token, const Uuid& vault) {
  return make(token, vault, false);
}

Result<Uuid> Keyring::vault_of(ByteView stored) { return read_vault(stored); }

Result<std::unique_ptr<Keyring>> Keyring::open(pkcs11::Token& token, ByteView stored,
                                               ByteView pinned_signer) {
  COFFER_TRY(const std::size_t signature_size, crypto::signature_size(pinned_signer));
  COFFER_TRY(const SplitKeyring split, split_keyring(stored, signature_size));
  // Before a single byte is interpreted: nothing that the pinned key didn't sign is looked at.
  COFFER_CHECK(crypto::verify(pinned_signer, as_bytes(keyring_signature_message(split.body)),
                              split.signature));
  COFFER_TRY(const ParsedKeyring parsed, parse_keyring(split.body));
  COFFER_TRY(const KeyringToken* entry, find_token(token, parsed));
  COFFER_CHECK(prove(token, parsed.vault, entry->token));
  COFFER_TRY(const SecureBytes keyring_key, unwrap_from(token, parsed.vault, *entry));
  COFFER_TRY(std::vector<VersionedKey> keys,
             open_keys(parsed, keyring_key.expose(Reveal{"open the keyring"})));
  return std::unique_ptr<Keyring>(new Keyring(std::unique_ptr<Impl>(
      new Impl{token, parsed.vault, entry->token, parsed.tokens.size(), std::move(keys)})));
}

Result<Bytes> Keyring::store() {
  if (impl_->tokens != 1) {
    return make_error(ErrorCode::precondition,
                      "storing this keyring takes all of its tokens, and one is here");
  }
  COFFER_TRY(const SecureBytes keyring_key, mixed_random_key(impl_->token, kKeyringKeyLabel));
  COFFER_TRY(KeyringToken entry,
             wrap_for(impl_->token, impl_->vault, impl_->enrolled, keyring_key));
  std::array<std::uint8_t, 12> iv{};
  COFFER_CHECK(crypto::random_fill(iv));
  COFFER_TRY(const std::string body,
             pack_keyring(impl_->vault, {&entry, 1}, impl_->keys,
                          keyring_key.expose(Reveal{"seal the keyring"}), iv));
  const std::string message = keyring_signature_message(as_bytes(body));
  COFFER_TRY(const Bytes signature, sign(as_bytes(message)));
  // Read back: a signature that doesn't verify would be found out at the next start.
  if (!crypto::verify(public_key(), as_bytes(message), signature).ok()) {
    return make_error(ErrorCode::unavailable, "the token gave a signature that doesn't verify");
  }
  Bytes stored = to_bytes(as_bytes(body));
  stored.insert(stored.end(), signature.begin(), signature.end());
  return stored;
}

const Uuid& Keyring::vault() const noexcept { return impl_->vault; }
const EnrolledToken& Keyring::token() const noexcept { return impl_->enrolled; }

std::uint32_t Keyring::current_version(KeyName name) const noexcept {
  std::uint32_t version = 0;
  for (const VersionedKey& entry : impl_->keys) {
    if (entry.name == name) version = std::max(version, entry.version);
  }
  return version;
}

Result<ByteView> Keyring::key(KeyName name, std::uint32_t version, Reveal why) const {
  for (const VersionedKey& entry : impl_->keys) {
    if (entry.name == name && entry.version == version) return entry.key.expose(why);
  }
  return make_error(ErrorCode::not_found, "no such version of a key in the keyring");
}

Result<Bytes> Keyring::sign(ByteView message) {
  Result<Bytes> signature =
      impl_->token.sign(sign_ref(impl_->vault, impl_->enrolled.sign_version), message);
  if (!signature.ok()) return from_token(std::move(signature).error());
  return signature;
}

ByteView Keyring::public_key() const { return impl_->enrolled.sign_public_key; }

}  // namespace coffer::envelope
