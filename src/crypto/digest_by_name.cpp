#include <openssl/evp.h>

#include <array>
#include <utility>

#include "coffer/crypto/digest.h"
#include "openssl.h"

namespace coffer::crypto {
namespace {

constexpr std::pair<std::string_view, const char*> kAlgorithms[] = {
    {"sha2-224", "SHA2-224"}, {"sha2-256", "SHA2-256"}, {"sha2-384", "SHA2-384"},
    {"sha2-512", "SHA2-512"}, {"sha3-224", "SHA3-224"}, {"sha3-256", "SHA3-256"},
    {"sha3-384", "SHA3-384"}, {"sha3-512", "SHA3-512"},
};

}  // namespace

Result<Bytes> digest_by_name(std::string_view algorithm, ByteView data) {
  for (const auto& [name, openssl_name] : kAlgorithms) {
    if (name != algorithm) continue;
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, openssl_name, nullptr, data.data(), data.size(), out.data(), &size) !=
        1) {
      return openssl_error("EVP_Q_digest");
    }
    return Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return make_error(
      ErrorCode::invalid_argument,
      "algorithm must be sha2-224, sha2-256, sha2-384, sha2-512, or the same of sha3");
}

}  // namespace coffer::crypto
