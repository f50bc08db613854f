#include "coffer/crypto/digest.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "hash.h"

namespace coffer::crypto {

Result<Sha256> sha256(ByteView data) {
  Sha256 out;
  COFFER_CHECK(digest(Hash::sha256, {data}, out));
  return out;
}

Result<Sha256> sha256(ByteView prefix, ByteView data) {
  Sha256 out;
  COFFER_CHECK(digest(Hash::sha256, {prefix, data}, out));
  return out;
}

Result<Sha256> hmac_sha256(ByteView key, ByteView data) {
  Sha256 out;
  COFFER_CHECK(hmac(Hash::sha256, key, {data}, out));
  return out;
}

Result<Sha256> hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  Sha256 out;
  COFFER_CHECK(hmac(Hash::sha256, key, parts, out));
  return out;
}

Result<Sha512> hmac_sha512(ByteView key, std::initializer_list<ByteView> parts) {
  Sha512 out;
  COFFER_CHECK(hmac(Hash::sha512, key, parts, out));
  return out;
}

Result<void> hkdf_sha512(ByteView key, ByteView salt, ByteView info, MutableByteView out) {
  return hkdf_sha512({key}, salt, info, out);
}

Result<void> hkdf_sha512(std::initializer_list<ByteView> key, ByteView salt, ByteView info,
                         MutableByteView out) {
  constexpr std::size_t kLargestOutput = 255 * kSha512Size;  // RFC 5869 section 2.3
  if (out.size() > kLargestOutput) {
    return make_error(ErrorCode::invalid_argument, "hkdf-sha-512 gives at most 16320 bytes");
  }
  // No salt is a salt of zeros, which HMAC's padding makes of an empty key (section 2.2).
  std::array<std::uint8_t, 2 * kSha512Size> work{};
  const MutableByteView extracted = MutableByteView(work).first(kSha512Size);
  const MutableByteView block = MutableByteView(work).last(kSha512Size);
  Result<void> result = hmac(Hash::sha512, salt, key, extracted);
  std::uint8_t counter = 0;
  for (std::size_t done = 0; result.ok() && done < out.size(); done += kSha512Size) {
    ++counter;
    const ByteView before = counter == 1 ? ByteView() : ByteView(block);
    result = hmac(Hash::sha512, extracted, {before, info, ByteView(&counter, 1)}, block);
    const std::size_t size = std::min(kSha512Size, out.size() - done);
    std::copy_n(block.begin(), size, out.begin() + static_cast<std::ptrdiff_t>(done));
  }
  wipe(work);
  if (!result.ok()) wipe(out);
  return result;
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace coffer::crypto
