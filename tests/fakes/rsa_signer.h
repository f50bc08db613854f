// A Signer with an RSA key of this process: what a token without elliptic curves signs with.
#pragma once

#include <memory>

#include "coffer/crypto/signer.h"

namespace coffer::fakes {

/// A new key of 2048 bits: some 100 ms. RSASSA-PSS with SHA-256 and a salt of 32 bytes.
[[nodiscard]] std::unique_ptr<crypto::Signer> make_rsa_signer();

}  // namespace coffer::fakes
