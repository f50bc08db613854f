// A user's or a host's public key, as ssh-keygen writes it: "ssh-ed25519 AAAA… comment".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coffer/base/bytes.h"

namespace coffer::engines::ssh {

enum class KeyType : std::uint8_t { rsa = 1, ecdsa, ed25519, ecdsa_sk, ed25519_sk };

struct PublicKey {
  KeyType type = KeyType::ed25519;
  std::uint32_t bits = 0;        ///< of the modulus or the curve
  std::string_view certificate;  ///< the type of a certificate for it; static text
  Bytes blob;                    ///< RFC 4253 section 6.6: what the base64 stands for
  Bytes fields;                  ///< the blob without its type
};

/// One line: type, base64, and perhaps a comment. RSA of 2048 to 16384 bits, ECDSA on P-256, P-384
/// and P-521, Ed25519, and the last two of security keys (sk-…@openssh.com). invalid_argument
/// names the field `public_key` and the rule. Whether a point is on its curve isn't looked at: it
/// would harm who has that key.
[[nodiscard]] Result<PublicKey> parse_public_key(std::string_view line);

/// As roles name them: "rsa", "ecdsa" (or "ec"), "ed25519", "ecdsa-sk", "ed25519-sk".
[[nodiscard]] std::string_view to_string(KeyType type);
[[nodiscard]] std::optional<KeyType> key_type_of(std::string_view name);

}  // namespace coffer::engines::ssh
