// Wrapping without the token, for whoever has the public half of its kek; and the lengths of wraps.
#pragma once

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

/// As Token::wrap() with the kek that described itself so, but on this host. invalid_argument for a
/// kek without a public half. The block that RSA-OAEP encrypts is SHA-256(aad) ‖ data key, since
/// many tokens take no OAEP label: unwrap() compares the hash.
[[nodiscard]] Result<Bytes> wrap_on_host(const KekInfo& kek, const SecureBytes& data_key,
                                         ByteView aad);

/// The longest data key that this kek wraps; 0 if its algorithm isn't known here.
[[nodiscard]] std::size_t max_wrap_size(const KekInfo& kek);

/// Whether a data key of `data_key` bytes can have become `wrapped` bytes under that algorithm;
/// false for one that isn't known here. RSA gives the length of its modulus, 2048 to 8192 bits.
[[nodiscard]] bool is_wrapped_size(std::string_view algorithm, std::size_t data_key,
                                   std::size_t wrapped) noexcept;

}  // namespace coffer::pkcs11
