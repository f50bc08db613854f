#include "coffer/crypto/scrypt.h"

#include <openssl/evp.h>

#include "openssl.h"

namespace coffer::crypto {
namespace {

constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20U;
constexpr std::uint8_t kMostLog2N = 20;

}  // namespace

Result<Sha256> scrypt(ByteView password, ByteView salt, const ScryptCost& cost) {
  const bool sane = cost.log2_n >= 1 && cost.log2_n <= kMostLog2N && cost.r >= 1 && cost.p >= 1;
  if (!sane || (std::uint64_t{128} * cost.r << cost.log2_n) > kMostMemory) {
    return make_error(ErrorCode::invalid_argument, "scrypt with a cost out of range");
  }
  Sha256 hash{};
  // EVP_PBE_scrypt is EVP_KDF's scrypt behind a call that needs no parameter list.
  const int done = ::EVP_PBE_scrypt(reinterpret_cast<const char*>(password.data()), password.size(),
                                    salt.data(), salt.size(), std::uint64_t{1} << cost.log2_n,
                                    cost.r, cost.p, 2 * kMostMemory, hash.data(), hash.size());
  if (done != 1) return openssl_error("EVP_PBE_scrypt");
  return hash;
}

}  // namespace coffer::crypto
