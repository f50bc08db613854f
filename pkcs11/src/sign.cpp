#include "sign.h"

namespace coffer::pkcs11 {
namespace {

constexpr std::size_t kP256SignatureSize = 64;

}  // namespace

Result<Bytes> key_sign(Session& session, const Key& key, const crypto::Sha256& digest) {
  CK_RSA_PKCS_PSS_PARAMS pss{CKM_SHA256, CKG_MGF1_SHA256, digest.size()};
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  Bytes signature(kP256SignatureSize);
  if (key.kind == KeyKind::sign_rsa) {
    mechanism = {CKM_RSA_PKCS_PSS, &pss, sizeof pss};
    signature.resize(key.modulus_size);
  }
  COFFER_CHECK(session.call("C_SignInit", &CK_FUNCTION_LIST::C_SignInit, &mechanism, key.handle));
  CK_ULONG written = signature.size();
  COFFER_CHECK(session.call("C_Sign", &CK_FUNCTION_LIST::C_Sign, in(digest),
                            CK_ULONG{digest.size()}, signature.data(), &written));
  if (written == signature.size()) return signature;
  session.distrust();
  return make_error(ErrorCode::unavailable, "the token's answer makes no sense",
                    "C_Sign: wrong length");
}

}  // namespace coffer::pkcs11
