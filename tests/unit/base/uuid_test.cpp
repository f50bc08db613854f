#include "coffer/base/uuid.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace coffer {
namespace {

constexpr std::string_view kText = "00112233-4455-6677-8899-aabbccddeeff";

TEST(Uuid, RoundTripsItsText) {
  const auto id = parse_uuid(kText);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->bytes[0], 0x00);
  EXPECT_EQ(id->bytes[15], 0xFF);
  EXPECT_EQ(to_string(*id), kText);
}

TEST(Uuid, TakesUpperCaseAndPrintsLower) {
  const auto id = parse_uuid("00112233-4455-6677-8899-AABBCCDDEEFF");
  ASSERT_TRUE(id);
  EXPECT_EQ(to_string(*id), kText);
}

TEST(Uuid, OfNothingIsAllZeroes) {
  EXPECT_EQ(to_string(Uuid{}), "00000000-0000-0000-0000-000000000000");
}

TEST(Uuid, RefusesEveryTruncationAndOneMore) {
  for (std::size_t size = 0; size < kText.size(); ++size) {
    EXPECT_FALSE(parse_uuid(kText.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_uuid(std::string(kText) + "0"));
}

TEST(Uuid, RefusesAWrongCharacterAtEveryPlace) {
  for (std::size_t i = 0; i < kText.size(); ++i) {
    for (const char wrong : {'g', '-', '0', ' ', '\0'}) {
      std::string text(kText);
      if (text[i] == wrong || (wrong == '0' && text[i] != '-')) continue;
      text[i] = wrong;
      const auto id = parse_uuid(text);
      ASSERT_FALSE(id) << i;
      EXPECT_EQ(id.error().code, ErrorCode::invalid_argument);
    }
  }
}

TEST(Uuid, FromBytesTakesSixteenAlone) {
  const Bytes bytes(17, 0xAB);
  const ByteView all(bytes);
  const auto id = uuid_from(all.first(16));
  ASSERT_TRUE(id);
  EXPECT_TRUE(std::ranges::equal(id->view(), all.first(16)));
  for (const std::size_t size : {0U, 1U, 15U, 17U}) {
    const auto wrong = uuid_from(all.first(size));
    ASSERT_FALSE(wrong) << size;
    EXPECT_EQ(wrong.error().code, ErrorCode::corrupt);
  }
}

TEST(Uuid, OrdersByItsBytes) {
  Uuid low;
  Uuid high;
  high.bytes[0] = 1;
  low.bytes[15] = 0xFF;
  EXPECT_LT(low, high);
  EXPECT_EQ(low, low);
  EXPECT_NE(low, high);
}

}  // namespace
}  // namespace coffer
