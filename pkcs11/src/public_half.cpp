#include "public_half.h"

#include "coffer/crypto/rsa.h"
#include "ec_point.h"
#include "objects.h"

namespace coffer::pkcs11 {
namespace {

Result<Bytes> read_rsa_key(Session& session, CK_OBJECT_HANDLE object) {
  COFFER_TRY(const Bytes modulus, read_attribute(session, object, CKA_MODULUS));
  COFFER_TRY(const Bytes exponent, read_attribute(session, object, CKA_PUBLIC_EXPONENT));
  auto spki = crypto::spki_from_rsa(modulus, exponent);
  if (spki.ok()) return spki;
  return make_error(ErrorCode::precondition,
                    "a key on the token isn't what its role demands: CKA_MODULUS and "
                    "CKA_PUBLIC_EXPONENT aren't an RSA key of 2048 bits or more");
}

}  // namespace

Result<Bytes> read_public_half(Session& session, KeyKind kind, ByteView id,
                               const Profile& profile) {
  COFFER_TRY(const CK_OBJECT_HANDLE object, find_one(session, CKO_PUBLIC_KEY, id));
  COFFER_CHECK(check_rules(session, object, public_rules(kind, profile)));
  if (kind != KeyKind::sign_p256) return read_rsa_key(session, object);
  return read_public_key(session, object);
}

}  // namespace coffer::pkcs11
