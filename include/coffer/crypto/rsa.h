// RSA with the public half of a key pair (RFC 8017), which a host has and a token needn't be asked
// for. Keys are SubjectPublicKeyInfo, DER. Thread-safe.
#pragma once

#include "coffer/base/bytes.h"

namespace coffer::crypto {

/// Of OAEP, for the label and for MGF1 alike. SHA-1 is for tokens that know no other; what OAEP
/// asks of its hash SHA-1 still gives (SP 800-131A rev. 2 section 6).
enum class OaepHash : std::uint8_t { sha256, sha1 };

inline constexpr std::size_t kRsaLeastBits = 2048;
inline constexpr std::size_t kRsaMostBits = 8192;

/// Bytes of the modulus, of each ciphertext and of each signature. invalid_argument if it isn't an
/// RSA key of 2048 to 8192 bits with an odd exponent of 65537 or more (FIPS 186-5 section 5.1).
[[nodiscard]] Result<std::size_t> rsa_modulus_size(ByteView spki);

/// The longest message for a modulus of so many bytes (RFC 8017 section 7.1.1).
[[nodiscard]] std::size_t rsa_oaep_capacity(std::size_t modulus_size, OaepHash hash) noexcept;

/// RSAES-OAEP with an empty label. too_large beyond rsa_oaep_capacity(); invalid_argument as
/// rsa_modulus_size().
[[nodiscard]] Result<Bytes> rsa_oaep_encrypt(ByteView spki, OaepHash hash, ByteView plain);

/// From big-endian numbers, as PKCS#11 gives them; leading zeros don't matter. invalid_argument as
/// rsa_modulus_size().
[[nodiscard]] Result<Bytes> spki_from_rsa(ByteView modulus, ByteView exponent);

}  // namespace coffer::crypto
