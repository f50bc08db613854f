#include "rsa_oaep.h"

#include <algorithm>

#include "coffer/crypto/digest.h"
#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {
namespace {

/// No label: SoftHSM takes none, and the context is in the block.
CK_RSA_PKCS_OAEP_PARAMS parameters(crypto::OaepHash hash) {
  CK_RSA_PKCS_OAEP_PARAMS params{};
  const bool sha1 = hash == crypto::OaepHash::sha1;
  params.hashAlg = sha1 ? CKM_SHA_1 : CKM_SHA256;
  params.mgf = sha1 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256;
  params.source = CKZ_DATA_SPECIFIED;
  return params;
}

}  // namespace

Result<crypto::OaepHash> oaep_hash(std::string_view algorithm) {
  if (algorithm == kWrapRsaOaepSha256) return crypto::OaepHash::sha256;
  if (algorithm == kWrapRsaOaepSha1) return crypto::OaepHash::sha1;
  return make_error(ErrorCode::corrupt, "a key is wrapped by an algorithm that isn't known here");
}

Result<Bytes> oaep_wrap(ByteView public_key, crypto::OaepHash hash, const SecureBytes& data_key,
                        ByteView aad) {
  COFFER_TRY(const crypto::Sha256 context, crypto::sha256(aad));
  COFFER_TRY(SecureBytes block, SecureBytes::allocate(kContextHashSize + data_key.size()));
  const Reveal why{"a data key is wrapped with the public half of a token's key"};
  const MutableByteView out = block.expose_mutable(why);
  std::copy(context.begin(), context.end(), out.begin());
  const ByteView plain = data_key.expose(why);
  std::copy(plain.begin(), plain.end(), out.begin() + kContextHashSize);
  return crypto::rsa_oaep_encrypt(public_key, hash, out);
}

Result<SecureBytes> oaep_unwrap(Session& session, CK_OBJECT_HANDLE kek, crypto::OaepHash hash,
                                ByteView wrapped, ByteView aad) {
  COFFER_TRY(const crypto::Sha256 context, crypto::sha256(aad));
  // Tokens want room for a whole block, whatever is in it.
  COFFER_TRY(SecureBytes block, SecureBytes::allocate(wrapped.size()));
  CK_RSA_PKCS_OAEP_PARAMS params = parameters(hash);
  CK_MECHANISM mechanism{CKM_RSA_PKCS_OAEP, &params, sizeof params};
  COFFER_CHECK(session.call("C_DecryptInit", &CK_FUNCTION_LIST::C_DecryptInit, &mechanism, kek));
  const MutableByteView out = block.expose_mutable(Reveal{"the token unwraps a data key"});
  CK_ULONG written = out.size();
  COFFER_CHECK(session.call("C_Decrypt", &CK_FUNCTION_LIST::C_Decrypt, in(wrapped), wrapped.size(),
                            out.data(), &written));
  if (written > out.size()) {
    session.distrust();
    return make_error(ErrorCode::unavailable, "the token's answer makes no sense",
                      "C_Decrypt: wrong length");
  }
  block.shrink(written);
  // Anyone can encrypt to a public key: what wasn't made here has another block, and what was made
  // for another context another hash.
  const ByteView opened = block.expose(Reveal{"the context inside of a wrap is compared"});
  if (opened.size() <= kContextHashSize ||
      !crypto::equal_constant_time(opened.first(kContextHashSize), context)) {
    return make_error(ErrorCode::corrupt, "a wrapped key belongs to another context");
  }
  return SecureBytes::copy_of(opened.subspan(kContextHashSize));
}

}  // namespace coffer::pkcs11
