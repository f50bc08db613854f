#include "coffer/crypto/random.h"

#include <openssl/rand.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
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

/// Forks since the start. A child must not hand out what its parent has ready: RAND_bytes itself
/// reseeds in a child, what was drawn before can't.
std::atomic<unsigned> forks{0};

void watch_forks() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  static_cast<void>(registered);
}

/// A thread's random bytes drawn ahead: a call of RAND_bytes costs nearly as much for 16 bytes as
/// for 512, and each request needs an id. What is handed out is wiped here.
class DrawnAhead final {
 public:
  static constexpr std::size_t kSize = 512;

  DrawnAhead() { watch_forks(); }
  ~DrawnAhead() { wipe(bytes_); }
  DrawnAhead(const DrawnAhead&) = delete;
  DrawnAhead& operator=(const DrawnAhead&) = delete;

  Result<void> take(MutableByteView out) {
    const unsigned now = forks.load(std::memory_order_relaxed);
    if (left_ < out.size() || forks_ != now) {
      left_ = 0;  // if drawing fails, nothing half drawn is ever used
      COFFER_CHECK(fill(RAND_bytes, bytes_, "RAND_bytes"));
      left_ = kSize;
      forks_ = now;
    }
    const MutableByteView next = MutableByteView(bytes_).subspan(left_ - out.size(), out.size());
    std::copy(next.begin(), next.end(), out.begin());
    wipe(next);
    left_ -= out.size();
    return {};
  }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
  std::size_t left_ = 0;
  unsigned forks_ = 0;
};

constexpr std::size_t kLargestFromAhead = 64;

}  // namespace

Result<void> random_fill(MutableByteView out) {
  if (out.size() > kLargestFromAhead) return fill(RAND_bytes, out, "RAND_bytes");
  thread_local DrawnAhead ahead;
  return ahead.take(out);
}

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
