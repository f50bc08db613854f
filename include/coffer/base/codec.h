// The byte grammar that all our binary formats share (docs/formats/): unsigned integers big-endian,
// byte strings behind a 32-bit length. A reader never reads past its end and never trusts a length.
#pragma once

#include <cstdint>

#include "coffer/base/bytes.h"

namespace coffer {

class Writer final {
 public:
  Writer& u8(std::uint8_t value);
  Writer& u16(std::uint16_t value);
  Writer& u32(std::uint32_t value);
  Writer& u64(std::uint64_t value);
  /// As they are, without a length.
  Writer& raw(ByteView bytes);
  /// u32 length, then the bytes.
  Writer& blob(ByteView bytes);
  Writer& text(std::string_view text) { return blob(as_bytes(text)); }

  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] Bytes take() && noexcept { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// Every failure is `corrupt`. Views point into the bytes read; the caller keeps those alive.
class Reader final {
 public:
  explicit Reader(ByteView bytes) noexcept : rest_(bytes) {}
  [[nodiscard]] Result<std::uint8_t> u8();
  [[nodiscard]] Result<std::uint16_t> u16();
  [[nodiscard]] Result<std::uint32_t> u32();
  [[nodiscard]] Result<std::uint64_t> u64();
  [[nodiscard]] Result<ByteView> raw(std::size_t size);
  [[nodiscard]] Result<ByteView> blob();
  [[nodiscard]] Result<std::string_view> text();
  [[nodiscard]] std::size_t remaining() const noexcept { return rest_.size(); }
  /// corrupt unless everything was read: no format allows trailing bytes.
  [[nodiscard]] Result<void> finish() const;

 private:
  ByteView rest_;
};

}  // namespace coffer
