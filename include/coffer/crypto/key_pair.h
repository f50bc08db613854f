// Key pairs that are made for somebody else, who takes the private half away at once. The vault's
// own keys are made on the token. Thread-safe.
#pragma once

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {

struct RsaPair {
  Bytes modulus;    ///< big-endian, without leading zeros
  Bytes exponent;   ///< likewise; 65537
  SecureBytes pem;  ///< RSAPrivateKey of PKCS#1 (RFC 8017), without a passphrase
};
/// 2048 to 4096 bits, else invalid_argument. Takes from a tenth of a second to several.
[[nodiscard]] Result<RsaPair> make_rsa_pair(std::size_t bits);

struct EcPair {
  Bytes point;      ///< SEC 1, not compressed
  SecureBytes pem;  ///< ECPrivateKey of SEC 1 (RFC 5915), without a passphrase
};
/// On P-256, P-384 or P-521, else invalid_argument.
[[nodiscard]] Result<EcPair> make_ec_pair(std::size_t bits);

struct Ed25519Pair {
  Bytes public_key;  ///< 32 bytes
  SecureBytes seed;  ///< 32 bytes: the private key of RFC 8032
};
[[nodiscard]] Result<Ed25519Pair> make_ed25519_pair();

}  // namespace coffer::crypto
