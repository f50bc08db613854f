#include "coffer/crypto/random.h"

#include <openssl/rand.h>

#include <limits>

#include "openssl.h"

namespace coffer::crypto {
namespace {

using Generator = int (*)(unsigned char*, int);

Result<void> fill(Generator generate, MutableByteView out, std::string_view name) {
  if (out.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return make_error(ErrorCode::too_large, "over 2 GiB of random bytes at once");
  }
  if (generate(out.data(), static_cast<int>(out.size())) != 1) return openssl_error(name);
  return {};
}

}  // namespace

Result<void> random_fill(MutableByteView out) { return fill(RAND_bytes, out, "RAND_bytes"); }

Result<Bytes> random_bytes(std::size_t size) {
  Bytes out(size);
  COFFER_CHECK(random_fill(out));
  return out;
}

Result<SecureBytes> random_secret(std::size_t size) {
  COFFER_TRY(SecureBytes out, SecureBytes::allocate(size));
  // A generator of its own, so that public values (IVs, ids) say nothing of keys (SP 800-90A).
  COFFER_CHECK(
      fill(RAND_priv_bytes, out.expose_mutable(Reveal{"fresh random secret"}), "RAND_priv_bytes"));
  return out;
}

Result<Uuid> random_uuid() {
  Uuid id;
  COFFER_CHECK(random_fill(id.bytes));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0FU) | 0x40U);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3FU) | 0x80U);
  return id;
}

}  // namespace coffer::crypto
