#include "coffer/crypto/hotp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "coffer/base/secure_bytes.h"
#include "openssl.h"

namespace coffer::crypto {
namespace {

const EVP_MD* digest_of(OtpHash hash) {
  switch (hash) {
    case OtpHash::sha1: return EVP_sha1();
    case OtpHash::sha256: return EVP_sha256();
    case OtpHash::sha512: return EVP_sha512();
  }
  return nullptr;
}

std::array<std::uint8_t, 8> big_endian(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = bytes.size(); i-- > 0; value >>= 8U) {
    bytes[i] = static_cast<std::uint8_t>(value);
  }
  return bytes;
}

/// RFC 4226 section 5.3: the last byte's low half says where four bytes are taken from.
std::uint32_t truncated(ByteView mac) {
  const std::size_t offset = mac.back() & 0x0FU;
  std::uint32_t value = 0;
  for (const std::uint8_t byte : mac.subspan(offset, 4)) value = value << 8U | byte;
  return value & 0x7FFFFFFFU;
}

}  // namespace

Result<std::string> hotp(OtpHash hash, ByteView key, std::uint64_t counter, unsigned digits) {
  const EVP_MD* digest = digest_of(hash);
  if (digest == nullptr || key.empty() || digits < 6 || digits > 8) {
    return make_error(ErrorCode::internal, "a one-time password of an unknown kind");
  }
  const auto message = big_endian(counter);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(digest, key.data(), static_cast<int>(key.size()), message.data(), message.size(),
           mac.data(), &size) == nullptr) {
    return openssl_error("HMAC");
  }
  std::uint32_t value = truncated(ByteView(mac).first(size));
  wipe(mac);
  std::string code(digits, '0');
  for (std::size_t i = digits; i-- > 0; value /= 10) code[i] = static_cast<char>('0' + value % 10);
  return code;
}

}  // namespace coffer::crypto
