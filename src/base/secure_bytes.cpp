#include "coffer/base/secure_bytes.h"

// The one place outside of `crypto` that uses OpenSSL: its secure heap (docs/decisions/0001).
#include <openssl/crypto.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is no ISO C++

#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace coffer {
namespace {

constexpr std::size_t kDefaultHeap = std::size_t{1} << 20U;
constexpr std::size_t kSmallestBlock = 32;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPlainHeap = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
constexpr bool kPlainHeap = true;
#else
constexpr bool kPlainHeap = false;
#endif
#else
constexpr bool kPlainHeap = false;
#endif

/// Sets the heap up at first use, so that tests and tools needn't.
void ensure_heap() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (CRYPTO_secure_malloc_initialized() == 0) {
      CRYPTO_secure_malloc_init(kDefaultHeap, kSmallestBlock);
    }
  });
}

std::uint8_t* take_memory(std::size_t size) {
  if constexpr (kPlainHeap) return static_cast<std::uint8_t*>(::operator new(size, std::nothrow));
  ensure_heap();
  // Without a heap OPENSSL_secure_malloc would quietly give ordinary memory.
  if (CRYPTO_secure_malloc_initialized() == 0) return nullptr;
  return static_cast<std::uint8_t*>(OPENSSL_secure_malloc(size));
}

void give_memory(std::uint8_t* data, std::size_t size) {
  if (data == nullptr) return;
  if constexpr (kPlainHeap) {
    OPENSSL_cleanse(data, size);
    ::operator delete(data);
  } else {
    OPENSSL_secure_clear_free(data, size);
  }
}

}  // namespace

Result<void> initialise_secure_heap(std::size_t size) {
  if constexpr (kPlainHeap) return {};
  // 1: locked; 2: in place but some protection failed; 0: not in place.
  if (CRYPTO_secure_malloc_init(size, kSmallestBlock) == 1) return {};
  return make_error(ErrorCode::unavailable,
                    "cannot lock memory for secrets; raise the limit of locked memory",
                    "CRYPTO_secure_malloc_init");
}

SecureBytes::~SecureBytes() { clear(); }

SecureBytes::SecureBytes(SecureBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecureBytes& SecureBytes::operator=(SecureBytes&& other) noexcept {
  if (this != &other) {
    clear();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Result<SecureBytes> SecureBytes::allocate(std::size_t size) {
  if (size == 0) return SecureBytes();
  std::uint8_t* data = take_memory(size);
  if (data == nullptr) {
    return make_error(ErrorCode::resource_exhausted, "no locked memory left for secrets");
  }
  std::memset(data, 0, size);
  return SecureBytes(data, size);
}

Result<SecureBytes> SecureBytes::copy_of(ByteView bytes) {
  COFFER_TRY(SecureBytes copy, allocate(bytes.size()));
  if (!bytes.empty()) std::memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

Result<SecureBytes> SecureBytes::clone() const { return copy_of({data_, size_}); }

void SecureBytes::shrink(std::size_t size) noexcept {
  // The block keeps its length, which the heap knows; what is cut off is wiped now.
  if (size >= size_) return;
  OPENSSL_cleanse(data_ + size, size_ - size);
  if (size == 0) {
    clear();
  } else {
    size_ = size;
  }
}

void SecureBytes::clear() noexcept {
  give_memory(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

// Not OPENSSL_cleanse: that goes eight bytes at a time, and whole messages pass here.
void wipe(MutableByteView bytes) noexcept {
  // An empty view may have no address, and the call is declared to want one.
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) noexcept {
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace coffer
