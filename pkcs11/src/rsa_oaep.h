// The wrap profiles `rsa-oaep-…`: RSAES-OAEP (RFC 8017) on this host with the public half,
// C_Decrypt with CKM_RSA_PKCS_OAEP on the token. One block: the modulus' length.
#pragma once

#include "coffer/base/secure_bytes.h"
#include "coffer/crypto/rsa.h"
#include "session.h"

namespace coffer::pkcs11 {

/// Of SHA-256(aad), in front of the data key inside of the block.
inline constexpr std::size_t kContextHashSize = 32;

/// The hash by an algorithm's name. corrupt if it isn't one of OAEP.
[[nodiscard]] Result<crypto::OaepHash> oaep_hash(std::string_view algorithm);

/// Precondition: check_wrap_input() passed. too_large.
[[nodiscard]] Result<Bytes> oaep_wrap(ByteView public_key, crypto::OaepHash hash,
                                      const SecureBytes& data_key, ByteView aad);
/// Precondition: `wrapped` is as long as the key's modulus. corrupt for another context too.
[[nodiscard]] Result<SecureBytes> oaep_unwrap(Session& session, CK_OBJECT_HANDLE kek,
                                              crypto::OaepHash hash, ByteView wrapped,
                                              ByteView aad);

}  // namespace coffer::pkcs11
