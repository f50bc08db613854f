// The grammar of coffer/base/codec.h into memory that is reserved at once: contexts and rows are
// made for every read.
#pragma once

#include <string>

#include "coffer/base/bytes.h"
#include "coffer/base/uuid.h"

namespace coffer::envelope {

class Packer final {
 public:
  explicit Packer(std::size_t expected_size) { bytes_.reserve(expected_size); }

  Packer& u8(std::uint8_t value) { return integer(value, 1); }
  Packer& u16(std::uint16_t value) { return integer(value, 2); }
  Packer& u32(std::uint32_t value) { return integer(value, 4); }
  Packer& u64(std::uint64_t value) { return integer(value, 8); }
  Packer& raw(ByteView bytes) {
    bytes_.append(as_text(bytes));
    return *this;
  }
  Packer& raw(const Uuid& id) { return raw(id.view()); }
  Packer& blob(ByteView bytes) { return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes); }
  Packer& blob(const Uuid& id) { return blob(id.view()); }
  Packer& text(std::string_view text) { return blob(as_bytes(text)); }

  [[nodiscard]] ByteView view() const noexcept { return as_bytes(bytes_); }
  [[nodiscard]] std::string take() noexcept { return std::move(bytes_); }

 private:
  Packer& integer(std::uint64_t value, unsigned bytes) {
    for (unsigned shift = 8 * bytes; shift > 0; shift -= 8) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> (shift - 8U))));
    }
    return *this;
  }

  std::string bytes_;
};

}  // namespace coffer::envelope
