#include "fakes/soft_rsa_pool.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <mutex>

namespace coffer::fakes {
namespace {

constexpr std::size_t kKeys = 3;
constexpr unsigned kBits = 3072;

Bytes number(EVP_PKEY* pair, const char* name) {
  BIGNUM* value = nullptr;
  EVP_PKEY_get_bn_param(pair, name, &value);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(value)));
  BN_bn2bin(value, out.data());
  BN_clear_free(value);
  return out;
}

SoftRsaPair make_pair() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair(EVP_RSA_gen(kBits),
                                                                 &EVP_PKEY_free);
  SoftRsaPair made;
  made.key = {number(pair.get(), OSSL_PKEY_PARAM_RSA_N), number(pair.get(), OSSL_PKEY_PARAM_RSA_D)};
  made.public_key.resize(static_cast<std::size_t>(i2d_PUBKEY(pair.get(), nullptr)));
  unsigned char* out = made.public_key.data();
  i2d_PUBKEY(pair.get(), &out);
  return made;
}

}  // namespace

const SoftRsaPair& soft_rsa_pair(std::size_t number) {
  static std::array<SoftRsaPair, kKeys> pairs;
  static std::array<std::once_flag, kKeys> made;
  std::call_once(made[number % kKeys], [&] { pairs[number % kKeys] = make_pair(); });
  return pairs[number % kKeys];
}

}  // namespace coffer::fakes
