#include "coffer/crypto/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

namespace coffer::crypto {
namespace {

int bits_set(ByteView bytes) {
  int count = 0;
  for (const std::uint8_t byte : bytes) count += std::popcount(byte);
  return count;
}

// 1600 fair bits: below 600 or above 1000 has a chance under 10^-22.
TEST(Random, FillsAllOfTheMemory) {
  const auto bytes = random_bytes(200);
  ASSERT_TRUE(bytes.ok());
  ASSERT_EQ(bytes->size(), 200U);
  EXPECT_GT(bits_set(*bytes), 600);
  EXPECT_LT(bits_set(*bytes), 1000);
}

TEST(Random, SecretsHaveTheirSizeAndDiffer) {
  const auto a = random_secret(32);
  const auto b = random_secret(32);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->size(), 32U);
  EXPECT_NE(to_hex(a->expose(Reveal{"test"})), to_hex(b->expose(Reveal{"test"})));
}

TEST(Random, GivesNothingWhenAskedForNothing) {
  const auto bytes = random_bytes(0);
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(bytes->empty());
  EXPECT_TRUE(random_secret(0).ok());
}

TEST(RandomUuid, IsOfVersion4AndNeverTheSame) {
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = random_uuid();
    ASSERT_TRUE(id.ok());
    EXPECT_EQ(id->bytes[6] >> 4U, 4);
    EXPECT_EQ(id->bytes[8] >> 6U, 2);
    EXPECT_TRUE(seen.insert(*id).second);
  }
}

}  // namespace
}  // namespace coffer::crypto
