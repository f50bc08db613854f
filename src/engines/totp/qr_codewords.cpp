#include "qr_codewords.h"

#include <array>

namespace coffer::engines::totp {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int kVersions = 40;
// Table 9, level M: codewords of error correction in a block, and blocks.
constexpr std::array<std::uint8_t, kVersions> kCorrection = {
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
    26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28};
constexpr std::array<std::uint8_t, kVersions> kBlocks = {
    1,  1,  1,  2,  2,  4,  4,  4,  5,  5,  5,  8,  9,  9,  10, 10, 11, 13, 14, 16,
    17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49};

std::size_t of(const std::array<std::uint8_t, kVersions>& table, int version) {
  return table.at(static_cast<std::size_t>(version) - 1);
}

std::size_t data_size(int version) {
  return static_cast<std::size_t>(qr_raw_bits(version)) / 8 -
         of(kCorrection, version) * of(kBlocks, version);
}

class BitWriter final {
 public:
  void put(std::uint32_t value, unsigned count) {
    while (count-- > 0) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      const unsigned bit = value >> count & 1U;
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | bit << (7 - used_ % 8));
      ++used_;
    }
  }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] Bytes take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
  std::size_t used_ = 0;
};

unsigned count_bits(int version) { return version < 10 ? 8 : 16; }

/// Section 7.4: byte mode, how many, the bytes, an end, and padding.
Bytes data_of(std::string_view text, int version) {
  BitWriter bits;
  bits.put(4, 4);
  bits.put(static_cast<std::uint32_t>(text.size()), count_bits(version));
  for (const char c : text) bits.put(static_cast<std::uint8_t>(c), 8);
  const std::size_t room = data_size(version) * 8;
  bits.put(0, static_cast<unsigned>(std::min<std::size_t>(4, room - bits.used())));
  bits.put(0, static_cast<unsigned>((8 - bits.used() % 8) % 8));
  for (std::uint32_t pad = 0xEC; bits.used() < room; pad ^= 0xEC ^ 0x11) bits.put(pad, 8);
  return std::move(bits).take();
}

/// In GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1.
std::uint8_t times(std::uint8_t a, std::uint8_t b) {
  unsigned product = 0;
  for (int bit = 7; bit >= 0; --bit) {
    product = product << 1U ^ (product >> 7U) * 0x11DU;
    product ^= (static_cast<unsigned>(b) >> static_cast<unsigned>(bit) & 1U) * a;
  }
  return static_cast<std::uint8_t>(product);
}

/// (x - 1)(x - 2)(x - 4)…, without its leading 1.
Bytes generator(std::size_t degree) {
  Bytes poly(degree, 0);
  poly.back() = 1;
  std::uint8_t root = 1;
  for (std::size_t i = 0; i < degree; ++i, root = times(root, 2)) {
    for (std::size_t j = 0; j < degree; ++j) {
      poly[j] = times(poly[j], root);
      if (j + 1 < degree) poly[j] ^= poly[j + 1];
    }
  }
  return poly;
}

Bytes remainder(const Bytes& data, const Bytes& divisor) {
  Bytes rest(divisor.size(), 0);
  for (const std::uint8_t byte : data) {
    const auto factor = static_cast<std::uint8_t>(byte ^ rest.front());
    rest.erase(rest.begin());
    rest.push_back(0);
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] ^= times(divisor[i], factor);
  }
  return rest;
}

/// Section 7.6: byte by byte from each block in turn; the first blocks may be one byte shorter.
Bytes interleaved(const Bytes& data, int version) {
  const std::size_t blocks = of(kBlocks, version);
  const std::size_t shorter = data.size() / blocks;
  const std::size_t longer_ones = data.size() % blocks;
  const Bytes divisor = generator(of(kCorrection, version));
  std::vector<Bytes> parts;
  std::vector<Bytes> corrections;
  auto from = data.begin();
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t size = shorter + (block >= blocks - longer_ones ? 1 : 0);
    parts.emplace_back(from, from + static_cast<std::ptrdiff_t>(size));
    from += static_cast<std::ptrdiff_t>(size);
    corrections.push_back(remainder(parts.back(), divisor));
  }
  Bytes out;
  for (std::size_t i = 0; i <= shorter; ++i) {
    for (const Bytes& part : parts) {
      if (i < part.size()) out.push_back(part[i]);
    }
  }
  for (std::size_t i = 0; i < divisor.size(); ++i) {
    for (const Bytes& correction : corrections) out.push_back(correction[i]);
  }
  return out;
}

}  // namespace

int qr_raw_bits(int version) {
  int bits = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const int alignments = version / 7 + 2;
    bits -= (25 * alignments - 10) * alignments - 55;
  }
  return version >= 7 ? bits - 36 : bits;
}

Result<QrCodewords> qr_codewords(std::string_view text) {
  for (int version = 1; version <= kVersions; ++version) {
    if (4 + count_bits(version) + text.size() * 8 > data_size(version) * 8) continue;
    return QrCodewords{version, interleaved(data_of(text, version), version)};
  }
  return make_error(ErrorCode::too_large, "too long for a QR code");
}

}  // namespace coffer::engines::totp
