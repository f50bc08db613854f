#include "coffer/base/codec.h"

namespace coffer {
namespace {

template <typename T>
void put(Bytes& out, T value) {
  for (std::size_t shift = 8 * sizeof(T); shift > 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
  }
}

template <typename T>
Result<T> get(ByteView& rest) {
  if (rest.size() < sizeof(T)) return make_error(ErrorCode::corrupt, "stored bytes end too early");
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8U) | rest[i]);
  rest = rest.subspan(sizeof(T));
  return value;
}

template <>
Result<std::uint8_t> get<std::uint8_t>(ByteView& rest) {
  if (rest.empty()) return make_error(ErrorCode::corrupt, "stored bytes end too early");
  const std::uint8_t value = rest.front();
  rest = rest.subspan(1);
  return value;
}

}  // namespace

Writer& Writer::u8(std::uint8_t value) {
  bytes_.push_back(value);
  return *this;
}
Writer& Writer::u16(std::uint16_t value) {
  put(bytes_, value);
  return *this;
}
Writer& Writer::u32(std::uint32_t value) {
  put(bytes_, value);
  return *this;
}
Writer& Writer::u64(std::uint64_t value) {
  put(bytes_, value);
  return *this;
}
Writer& Writer::raw(ByteView bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}
Writer& Writer::blob(ByteView bytes) {
  return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

Result<std::uint8_t> Reader::u8() { return get<std::uint8_t>(rest_); }
Result<std::uint16_t> Reader::u16() { return get<std::uint16_t>(rest_); }
Result<std::uint32_t> Reader::u32() { return get<std::uint32_t>(rest_); }
Result<std::uint64_t> Reader::u64() { return get<std::uint64_t>(rest_); }

Result<ByteView> Reader::raw(std::size_t size) {
  if (rest_.size() < size) return make_error(ErrorCode::corrupt, "stored bytes end too early");
  const ByteView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

Result<ByteView> Reader::blob() {
  COFFER_TRY(const std::uint32_t size, u32());
  return raw(size);
}

Result<std::string_view> Reader::text() {
  COFFER_TRY(const ByteView bytes, blob());
  return as_text(bytes);
}

Result<void> Reader::finish() const {
  if (rest_.empty()) return {};
  return make_error(ErrorCode::corrupt, "stored bytes go on after their end");
}

}  // namespace coffer
