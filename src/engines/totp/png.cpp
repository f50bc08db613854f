#include "png.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::engines::totp {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1A\n";
constexpr int kQuietZone = 4;
constexpr std::size_t kMaxStored = 65535;

/// Annex D of PNG.
std::uint32_t crc32(ByteView bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ (crc & 1U) * 0xEDB88320U;
  }
  return ~crc;
}

/// RFC 1950 section 9.
std::uint32_t adler32(ByteView bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16U | a;
}

void append_chunk(Writer& out, std::string_view type, ByteView data) {
  Writer body;
  body.raw(as_bytes(type)).raw(data);
  out.u32(static_cast<std::uint32_t>(data.size())).raw(body.view()).u32(crc32(body.view()));
}

/// RFC 1951 section 3.2.4: blocks that are stored as they are; their lengths are little-endian.
Bytes stored(ByteView data) {
  Writer out;
  out.u8(0x78).u8(0x01);
  for (ByteView rest = data; !rest.empty();) {
    const std::size_t size = std::min(rest.size(), kMaxStored);
    const auto low = static_cast<std::uint8_t>(size);
    const auto high = static_cast<std::uint8_t>(size >> 8U);
    out.u8(size == rest.size() ? 1 : 0).u8(low).u8(high);
    out.u8(static_cast<std::uint8_t>(~low)).u8(static_cast<std::uint8_t>(~high));
    out.raw(rest.first(size));
    rest = rest.subspan(size);
  }
  return std::move(out.u32(adler32(data))).take();
}

/// Lines of pixels, each behind a byte that says "no filter"; 1 is light.
Bytes pixels(const QrCode& code, int size) {
  const int scale = std::max({1, size / (code.size() + 2 * kQuietZone)});
  const int margin = (size - scale * code.size()) / 2;
  Bytes out;
  for (int y = 0; y < size; ++y) {
    out.push_back(0);
    for (int x = 0; x < size; ++x) {
      if (x % 8 == 0) out.push_back(0);
      const int column = x < margin ? -1 : (x - margin) / scale;
      const int row = y < margin ? -1 : (y - margin) / scale;
      const bool within = column >= 0 && column < code.size() && row >= 0 && row < code.size();
      const bool light = !within || !code.dark(column, row);
      out.back() = static_cast<std::uint8_t>(out.back() | (light ? 0x80U >> x % 8 : 0U));
    }
  }
  return out;
}

}  // namespace

std::string to_png(const QrCode& code, int size) {
  Writer header;
  header.u32(static_cast<std::uint32_t>(size)).u32(static_cast<std::uint32_t>(size));
  header.u8(1).u8(0).u8(0).u8(0).u8(0);  // one bit, grey; deflate, filters, not interlaced
  Writer out;
  out.raw(as_bytes(kSignature));
  append_chunk(out, "IHDR", header.view());
  append_chunk(out, "IDAT", stored(pixels(code, size)));
  append_chunk(out, "IEND", {});
  return std::string(as_text(out.view()));
}

}  // namespace coffer::engines::totp
