#include "inspect.h"

#include "aes_gcm.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"
#include "coffer/crypto/signer.h"
#include "ecdsa.h"
#include "objects.h"

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
  tampered[kIvSize] ^= 1U;
  const auto opened = gcm_unwrap(session, kek.handle, tampered, canary_context());
  if (opened.ok()) return unfit("the token unwraps what was tampered with");
  const ErrorCode code = opened.error().code;
  if (code == ErrorCode::corrupt || is_ambiguous_decrypt(session.failure())) return {};
  return opened.error();
}

/// SP 800-38D in the hands of the token: a mechanism list says what a token knows by name, a round
/// trip says what it does.
Result<void> prove_kek(Session& session, Key& kek) {
  COFFER_TRY(kek.canary, crypto::random_secret(kCanarySize));
  COFFER_TRY(kek.canary_wrapped, gcm_wrap(session, kek.handle, kek.canary, canary_context()));
  COFFER_CHECK(check_canary(session, kek));
  return check_that_tampering_shows(session, kek);
}

/// The public key object could be anybody's: only a signature says that the two belong together.
Result<void> prove_sign(Session& session, Key& key, ByteView id) {
  COFFER_TRY(const CK_OBJECT_HANDLE object, find_one(session, CKO_PUBLIC_KEY, id));
  COFFER_CHECK(check_rules(session, object, sign_public_rules()));
  COFFER_TRY(key.public_key, read_public_key(session, object));
  COFFER_TRY(const Bytes challenge, crypto::random_bytes(kCanarySize));
  COFFER_TRY(const Bytes signature, ecdsa_sign(session, key.handle, challenge));
  if (!crypto::verify_p256(key.public_key, challenge, signature).ok()) {
    return unfit("a public key on the token doesn't verify what its private key signs", to_hex(id));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Key>> inspect(Session& session, KeyRole role, const KeyRef& key) {
  auto found = std::make_shared<Key>();
  COFFER_TRY(found->handle, find_one(session, class_of(role), key.id));
  COFFER_CHECK(check_rules(session, found->handle, rules_of(role)));
  switch (role) {
    case KeyRole::kek: COFFER_CHECK(prove_kek(session, *found)); break;
    case KeyRole::sign: COFFER_CHECK(prove_sign(session, *found, key.id)); break;
  }
  return std::shared_ptr<const Key>(std::move(found));
}

Result<void> check_canary(Session& session, const Key& kek) {
  const auto opened = gcm_unwrap(session, kek.handle, kek.canary_wrapped, canary_context());
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
