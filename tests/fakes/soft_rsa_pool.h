// A few RSA pairs for the whole test program: making one takes half a second.
#pragma once

#include "fakes/soft_rsa.h"

namespace coffer::fakes {

struct SoftRsaPair {
  SoftRsaKey key;
  Bytes public_key;  ///< SubjectPublicKeyInfo
};

/// Of 3072 bits; the same for the same number, which counts round after the third. Thread-safe.
[[nodiscard]] const SoftRsaPair& soft_rsa_pair(std::size_t number);

}  // namespace coffer::fakes
