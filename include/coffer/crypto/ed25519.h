// Ed25519 (RFC 8032): the keys of people who sign what they saw. The vault's own signing keys are
// on the token (signer.h). Thread-safe.
#pragma once

#include "coffer/base/secure_bytes.h"

namespace coffer::crypto {

inline constexpr std::size_t kEd25519KeySize = 32;
inline constexpr std::size_t kEd25519SignatureSize = 64;

/// A new private key, PKCS#8 in PEM without a passphrase (RFC 8410), as `openssl genpkey` writes.
[[nodiscard]] Result<SecureBytes> make_ed25519_pem();
/// The public key, kEd25519KeySize bytes. invalid_argument if the PEM is no Ed25519 private key.
[[nodiscard]] Result<Bytes> ed25519_public(const SecureBytes& pem);
/// invalid_argument likewise.
[[nodiscard]] Result<Bytes> sign_ed25519(const SecureBytes& pem, ByteView message);
/// For the public keys of others. invalid_argument: of another length, or one of the few of small
/// order, with which anybody can sign.
[[nodiscard]] Result<void> check_ed25519_key(ByteView public_key);
/// corrupt if the signature isn't by that key over that message; invalid_argument for a key that
/// check_ed25519_key() refuses.
[[nodiscard]] Result<void> verify_ed25519(ByteView public_key, ByteView message,
                                          ByteView signature);

}  // namespace coffer::crypto
