#include "coffer/base/bytes.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace coffer {
namespace {

struct Vector {
  std::string_view text;
  std::string_view encoded;
};

// RFC 4648 section 10.
constexpr Vector kBase64[] = {{"", ""},
                              {"f", "Zg=="},
                              {"fo", "Zm8="},
                              {"foo", "Zm9v"},
                              {"foob", "Zm9vYg=="},
                              {"fooba", "Zm9vYmE="},
                              {"foobar", "Zm9vYmFy"}};
constexpr Vector kBase16[] = {{"", ""},
                              {"f", "66"},
                              {"fo", "666F"},
                              {"foo", "666F6F"},
                              {"foob", "666F6F62"},
                              {"fooba", "666F6F6261"},
                              {"foobar", "666F6F626172"}};

Bytes all_bytes() {
  Bytes bytes(256);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  for (const auto& [text, encoded] : kBase64) {
    EXPECT_EQ(to_base64(as_bytes(text)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), text);
  }
}

TEST(Base64, RoundTripsEveryByteAtEveryLength) {
  const Bytes bytes = all_bytes();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const ByteView part = ByteView(bytes).last(size);
    const auto decoded = from_base64(to_base64(part));
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(*decoded, to_bytes(part));
  }
}

TEST(Base64, UsesBothLastDigits) {
  EXPECT_EQ(to_base64(Bytes{0xFB, 0xFF}), "+/8=");
  EXPECT_FALSE(from_base64("-_8=")) << "the URL alphabet is another encoding";
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const std::string_view bad : {
           "Zg", "Zg=", "Zg===",         // length
           "Zh==", "Zm9=",               // bits set that no byte holds (RFC 4648 section 3.5)
           "====", "Z===", "Zg=A",       // padding in the wrong place
           "Zg==Zg==", "Zm8=Zm8=",       // padding in the middle
           "Zm9v\n", " Zm9v", "Zm 9",    // white space
           "Zm9\x80", "Zm9\xff", "Zm9,"  // not a digit
       }) {
    const auto decoded = from_base64(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(decoded.error().text.find(bad), std::string::npos) << "never the value";
  }
}

TEST(Base64, RefusesANulByte) { EXPECT_FALSE(from_base64(std::string_view("Zm9\0", 4))); }

TEST(Hex, MatchesTheVectorsOfRfc4648) {
  for (const auto& [text, encoded] : kBase16) {
    const auto decoded = from_hex(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), text);
  }
  EXPECT_EQ(to_hex(as_bytes("foobar")), "666f6f626172");
}

TEST(Hex, RoundTripsEveryByteInBothCases) {
  const Bytes bytes = all_bytes();
  std::string text = to_hex(bytes);
  EXPECT_EQ(text.size(), 512U);
  auto decoded = from_hex(text);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, bytes);
  for (char& c : text) {
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  }
  decoded = from_hex(text);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, bytes);
}

TEST(Hex, RefusesEveryOtherCharacterInEitherPlace) {
  for (int c = 0; c < 256; ++c) {
    const char other = static_cast<char>(c);
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    EXPECT_EQ(from_hex(std::string{other, '0'}).ok(), digit) << c;
    EXPECT_EQ(from_hex(std::string{'0', other}).ok(), digit) << c;
  }
}

TEST(Hex, RefusesAnOddLength) {
  const auto decoded = from_hex("abc");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::invalid_argument);
}

TEST(Hex, AppendKeepsWhatIsThere) {
  std::string out = "x:";
  append_hex(out, Bytes{0x00, 0x0F, 0xF0});
  EXPECT_EQ(out, "x:000ff0");
}

TEST(Bytes, TextAndBytesAreViewsOfTheSame) {
  const std::string text("a\0\xff", 3);
  const ByteView bytes = as_bytes(text);
  ASSERT_EQ(bytes.size(), 3U);
  EXPECT_EQ(bytes[2], 0xFF);
  EXPECT_EQ(as_text(bytes), text);
  EXPECT_EQ(to_bytes(bytes), (Bytes{'a', 0, 0xFF}));
}

}  // namespace
}  // namespace coffer
