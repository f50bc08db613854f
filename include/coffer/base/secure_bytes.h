// Keys, PINs and tokens in memory: on OpenSSL's secure heap (locked, not dumped), wiped when they
// go, readable only through expose(). Under sanitizers the plain heap, so that they can see.
#pragma once

#include <cstddef>
#include <string_view>

#include "coffer/base/bytes.h"

namespace coffer {

/// Names why a secret is read. `grep -rn 'Reveal{'` lists every exposure in the tree.
struct Reveal {
  explicit constexpr Reveal(std::string_view reason) : why(reason) {}
  std::string_view why;
};

/// Size in bytes of the secure heap, a power of two. Call once, before threads and before the first
/// SecureBytes; otherwise the first allocation sets up 1 MiB. unavailable if memory can't be
/// locked.
[[nodiscard]] Result<void> initialise_secure_heap(std::size_t size);

/// Move-only; no ==, no <<. A moved-from object is empty. Thread safety: as a std::vector.
class SecureBytes final {
 public:
  SecureBytes() noexcept = default;
  ~SecureBytes();
  SecureBytes(SecureBytes&& other) noexcept;
  SecureBytes& operator=(SecureBytes&& other) noexcept;
  SecureBytes(const SecureBytes&) = delete;
  SecureBytes& operator=(const SecureBytes&) = delete;

  /// Zeroed. resource_exhausted when the secure heap is full: never ordinary memory instead.
  [[nodiscard]] static Result<SecureBytes> allocate(std::size_t size);
  [[nodiscard]] static Result<SecureBytes> copy_of(ByteView bytes);
  [[nodiscard]] Result<SecureBytes> clone() const;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] ByteView expose(Reveal) const noexcept { return {data_, size_}; }
  [[nodiscard]] MutableByteView expose_mutable(Reveal) noexcept { return {data_, size_}; }

  /// Wipes what is cut off. Precondition: size <= size().
  void shrink(std::size_t size) noexcept;
  void clear() noexcept;

 private:
  SecureBytes(std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Overwrites memory so that the compiler can't leave it out.
void wipe(MutableByteView bytes) noexcept;
void wipe(std::string& text) noexcept;

}  // namespace coffer
