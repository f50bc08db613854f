#include "coffer/crypto/password_hash.h"

#include <openssl/evp.h>

#include "openssl.h"

namespace coffer::crypto {

Result<Sha256> pbkdf2_sha256(ByteView password, ByteView salt, std::uint32_t iterations) {
  constexpr std::uint32_t kMost = 10'000'000;
  if (iterations == 0 || iterations > kMost || password.size() > 4096 || salt.size() > 4096) {
    return make_error(ErrorCode::invalid_argument, "PBKDF2 with parameters out of range");
  }
  Sha256 out{};
  const int done = ::PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()),
                                       static_cast<int>(password.size()), salt.data(),
                                       static_cast<int>(salt.size()), static_cast<int>(iterations),
                                       ::EVP_sha256(), static_cast<int>(out.size()), out.data());
  if (done != 1) return openssl_error("PKCS5_PBKDF2_HMAC");
  return out;
}

Result<Sha1> sha1(ByteView data) {
  Sha1 out{};
  unsigned int size = 0;
  if (::EVP_Digest(data.data(), data.size(), out.data(), &size, ::EVP_sha1(), nullptr) != 1) {
    return openssl_error("EVP_Digest");
  }
  return out;
}

}  // namespace coffer::crypto
