#include "coffer/base/codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace coffer {
namespace {

struct Sample {
  std::uint8_t small = 0;
  std::uint16_t medium = 0;
  std::uint32_t large = 0;
  std::uint64_t huge = 0;
  Bytes blob;
  std::string text;
  Bytes raw;
  bool operator==(const Sample&) const = default;
};

Sample sample() {
  return {0x01, 0x0203, 0x04050607, 0x08090A0B0C0D0E0F, {0xAA, 0xBB}, "text", {1, 2, 3}};
}

Bytes encode(const Sample& s) {
  Writer out;
  out.u8(s.small).u16(s.medium).u32(s.large).u64(s.huge).blob(s.blob).text(s.text).raw(s.raw);
  return std::move(out).take();
}

Result<Sample> decode(ByteView bytes) {
  Reader in(bytes);
  Sample s;
  COFFER_TRY(s.small, in.u8());
  COFFER_TRY(s.medium, in.u16());
  COFFER_TRY(s.large, in.u32());
  COFFER_TRY(s.huge, in.u64());
  COFFER_TRY(const ByteView blob, in.blob());
  COFFER_TRY(const std::string_view text, in.text());
  COFFER_TRY(const ByteView raw, in.raw(3));
  COFFER_CHECK(in.finish());
  s.blob = to_bytes(blob);
  s.text = text;
  s.raw = to_bytes(raw);
  return s;
}

TEST(Codec, WritesBigEndianWithLengthsOf32Bits) {
  EXPECT_EQ(to_hex(encode(sample())),
            "01"
            "0203"
            "04050607"
            "08090a0b0c0d0e0f"
            "00000002aabb"
            "0000000474657874"
            "010203");
}

TEST(Codec, ReadsBackWhatItWrote) {
  const auto decoded = decode(encode(sample()));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, sample());
}

TEST(Codec, RoundTripsTheEndsOfEachRange) {
  for (const bool top : {false, true}) {
    Sample s;
    if (top) {
      s.small = std::numeric_limits<std::uint8_t>::max();
      s.medium = std::numeric_limits<std::uint16_t>::max();
      s.large = std::numeric_limits<std::uint32_t>::max();
      s.huge = std::numeric_limits<std::uint64_t>::max();
    }
    s.raw = {0, 0, 0};
    const auto decoded = decode(encode(s));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, s);
  }
}

TEST(Codec, RefusesEveryTruncation) {
  const Bytes whole = encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A buffer of exactly this size, so that a sanitizer sees a read past its end.
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto decoded = decode(cut);
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
  }
}

TEST(Codec, RefusesTrailingBytes) {
  Bytes longer = encode(sample());
  longer.push_back(0);
  const auto decoded = decode(longer);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
}

TEST(Reader, NeverTrustsALength) {
  for (const std::uint32_t size : {5U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    Writer out;
    out.u32(size).raw(Bytes{1, 2, 3, 4});
    Reader in(out.view());
    const auto blob = in.blob();
    ASSERT_FALSE(blob) << size;
    EXPECT_EQ(blob.error().code, ErrorCode::corrupt);
  }
}

TEST(Reader, ReadsAnEmptyBlobAndNothingFromNothing) {
  Writer out;
  out.blob({});
  Reader in(out.view());
  const auto blob = in.blob();
  ASSERT_TRUE(blob);
  EXPECT_TRUE(blob->empty());
  EXPECT_EQ(in.remaining(), 0U);
  EXPECT_TRUE(in.finish());
  EXPECT_TRUE(in.raw(0));
  EXPECT_FALSE(in.raw(1));
  EXPECT_FALSE(in.u8());
}

TEST(Reader, CountsWhatIsLeft) {
  const Bytes bytes(16, 0);
  Reader in(bytes);
  EXPECT_EQ(in.remaining(), 16U);
  EXPECT_TRUE(in.u64());
  EXPECT_EQ(in.remaining(), 8U);
  EXPECT_FALSE(in.raw(9));
  EXPECT_EQ(in.remaining(), 8U) << "a read that failed takes nothing";
  EXPECT_FALSE(in.finish());
}

}  // namespace
}  // namespace coffer
