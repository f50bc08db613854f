// A kek at work, whatever its kind: AES-GCM on the token, or RSA-OAEP.
#pragma once

#include "key_cache.h"
#include "session.h"

namespace coffer::pkcs11 {

/// With the public half, so that it needs no session.
[[nodiscard]] bool wraps_on_host(const Key& kek) noexcept;

/// Precondition: check_wrap_input() passed.
[[nodiscard]] Result<Bytes> kek_wrap(Session& session, const Key& kek, const SecureBytes& data_key,
                                     ByteView aad);
/// Before a session is taken: corrupt if no wrap by this kek can have this length.
[[nodiscard]] Result<void> check_kek_unwrap(const Key& kek, std::size_t size);
/// Precondition: check_kek_unwrap() passed.
[[nodiscard]] Result<SecureBytes> kek_unwrap(Session& session, const Key& kek, ByteView wrapped,
                                             ByteView aad);

}  // namespace coffer::pkcs11
