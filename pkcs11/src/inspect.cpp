#include "inspect.h"

#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/crypto/rsa.h"
#include "coffer/crypto/signer.h"
#include "find_key.h"
#include "kek.h"
#include "objects.h"
#include "public_half.h"
#include "sign.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kCanarySize = 32;
constexpr std::string_view kCanaryContext = "coffer canary 1";

ByteView canary_context() { return as_bytes(kCanaryContext); }

Error unfit(std::string_view why, std::string_view cause = {}) {
  return make_error(ErrorCode::precondition, why, cause);
}

/// Last on its session: a token that works refuses.
Result<void> check_that_tampering_shows(Session& session, const Key& kek) {
  Bytes tampered = kek.canary_wrapped;
  tampered[tampered.size() / 2] ^= 1U;
  const auto opened = kek_unwrap(session, kek, tampered, canary_context());
  if (opened.ok()) return unfit("the token unwraps what was tampered with");
  const ErrorCode code = opened.error().code;
  if (code == ErrorCode::corrupt || is_ambiguous_decrypt(session.failure())) return {};
  return opened.error();
}

/// A mechanism list says what a token knows by name, a round trip says what it does; of a pair,
/// that the two halves belong together.
Result<void> prove_kek(Session& session, Key& kek) {
  COFFER_TRY(kek.canary, crypto::random_secret(kCanarySize));
  COFFER_TRY(kek.canary_wrapped, kek_wrap(session, kek, kek.canary, canary_context()));
  COFFER_CHECK(check_canary(session, kek));
  return check_that_tampering_shows(session, kek);
}

/// The hash isn't an attribute of the key: the profile says which. A key pair in a vault of the
/// profile `aes-gcm` was made under another, and the safer hash is tried.
std::string_view algorithm_of(KeyKind kind, const Profile& profile) {
  if (kind == KeyKind::kek_aes) return kWrapAesGcm;
  return profile.wrap == WrapScheme::rsa_oaep_sha1 ? kWrapRsaOaepSha1 : kWrapRsaOaepSha256;
}

Result<void> measure(Key& key) {
  if (key.kind != KeyKind::kek_rsa && key.kind != KeyKind::sign_rsa) return {};
  COFFER_TRY(key.modulus_size, crypto::rsa_modulus_size(key.public_key));
  return {};
}

/// The public key object could be anybody's: only a signature says that the two belong together.
Result<void> prove_sign(Session& session, const Key& key, ByteView id) {
  COFFER_TRY(const Bytes challenge, crypto::random_bytes(kCanarySize));
  COFFER_TRY(const crypto::Sha256 digest, crypto::sha256(challenge));
  COFFER_TRY(const Bytes signature, key_sign(session, key, digest));
  if (!crypto::verify(key.public_key, challenge, signature).ok()) {
    return unfit("a public key on the token doesn't verify what its private key signs", to_hex(id));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Key>> inspect(Session& session, KeyRole role, const KeyRef& key,
                                           const Profile& profile) {
  COFFER_TRY(const FoundKey found, find_key_of(session, role, key.id));
  COFFER_CHECK(check_rules(session, found.object, private_rules(found.kind, profile)));
  auto made = std::make_shared<Key>();
  made->handle = found.object;
  made->kind = found.kind;
  if (found.kind != KeyKind::kek_aes) {
    COFFER_TRY(made->public_key, read_public_half(session, found.kind, key.id, profile));
  }
  COFFER_CHECK(measure(*made));
  switch (role) {
    case KeyRole::kek:
      made->algorithm = algorithm_of(found.kind, profile);
      made->gcm = {profile.gcm_mechanism, profile.iv};
      COFFER_CHECK(prove_kek(session, *made));
      break;
    case KeyRole::sign: COFFER_CHECK(prove_sign(session, *made, key.id)); break;
  }
  return std::shared_ptr<const Key>(std::move(made));
}

Result<std::vector<KeyAttribute>> read_attributes(Session& session, KeyRole role, const KeyRef& key,
                                                  const Profile& profile) {
  COFFER_TRY(const FoundKey found, find_key_of(session, role, key.id));
  std::vector<KeyAttribute> all;
  for (const Rule& rule : private_rules(found.kind, profile)) {
    if (!rule.read_back()) continue;
    COFFER_TRY(std::string value, show_attribute(session, found.object, rule));
    all.push_back({std::string(rule.name), std::move(value)});
  }
  return all;
}

Result<void> check_canary(Session& session, const Key& kek) {
  const auto opened = kek_unwrap(session, kek, kek.canary_wrapped, canary_context());
  if (!opened.ok()) {
    return make_error(ErrorCode::unavailable, "the token can't open what it wrapped before",
                      opened.error().cause);
  }
  const Reveal why{"the canary is compared with what was wrapped"};
  if (!crypto::equal_constant_time(opened->expose(why), kek.canary.expose(why))) {
    session.distrust();
    return make_error(ErrorCode::unavailable, "the token opened something else than it wrapped");
  }
  return {};
}

}  // namespace coffer::pkcs11
