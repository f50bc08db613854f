// The wrap profile `aes-gcm`: C_Encrypt and C_Decrypt with CKM_AES_GCM, a fresh IV each time,
// of ours or, by its profile, of the token. What is stored is IV ‖ ciphertext ‖ tag whoever made
// it.
#pragma once

#include "coffer/base/secure_bytes.h"
#include "key_cache.h"
#include "session.h"

namespace coffer::pkcs11 {

inline constexpr std::size_t kIvSize = 12;
inline constexpr std::size_t kTagSize = 16;

/// invalid_argument for empty data or context; too_large beyond kMaxWrapSize. Called before any
/// session is taken, by wrap and unwrap alike.
[[nodiscard]] Result<void> check_wrap_input(std::size_t size, ByteView aad);
/// invalid_argument for an empty context; corrupt for what no kind of kek can have wrapped.
[[nodiscard]] Result<void> check_unwrap_input(std::size_t size, ByteView aad);
/// corrupt if no wrap of this profile can have this length.
[[nodiscard]] Result<void> check_gcm_size(std::size_t size);

/// Precondition: the input was checked. A wrap is read back before it is given out.
[[nodiscard]] Result<Bytes> gcm_wrap(Session& session, const Key& kek, const SecureBytes& data_key,
                                     ByteView aad);
[[nodiscard]] Result<SecureBytes> gcm_unwrap(Session& session, const Key& kek, ByteView wrapped,
                                             ByteView aad);

}  // namespace coffer::pkcs11
