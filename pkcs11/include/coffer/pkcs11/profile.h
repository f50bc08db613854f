// What differs between makes of tokens, as data: everything that the code asks about a make is a
// field here, so that nobody compares names. docs/tokens.md tells where the values come from.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "coffer/pkcs11/token.h"

namespace coffer::pkcs11 {

enum class WrapScheme : std::uint8_t { aes_gcm, rsa_oaep_sha256, rsa_oaep_sha1 };

struct Profile {
  std::string_view name;
  /// How new keks wrap. A kek that is there keeps its kind, AES or RSA; the hash of OAEP isn't an
  /// attribute of a key, so it stays as it is for as long as a vault has wraps by it.
  WrapScheme wrap = WrapScheme::aes_gcm;
  /// Of new key pairs, in bits.
  unsigned long rsa_bits = 3072;
};

/// The names that TokenConfig::profile may have, beside "auto".
[[nodiscard]] std::span<const Profile> all_profiles() noexcept;

/// By name, or by what the token says of itself for "auto". invalid_argument for another name.
[[nodiscard]] Result<Profile> choose_profile(std::string_view name, const TokenInfo& token);

}  // namespace coffer::pkcs11
