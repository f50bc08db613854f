#include "coffer/crypto/scrypt.h"

#include "hex.h"

namespace coffer::crypto {
namespace {

// RFC 7914 section 12, the first 32 bytes of each: scrypt's last step is PBKDF2, whose blocks don't
// depend on how many there are.
TEST(Scrypt, MatchesTheStandardsVectors) {
  const auto small = scrypt(as_bytes("password"), as_bytes("NaCl"), {10, 8, 16});
  ASSERT_TRUE(small.ok()) << describe(small.error());
  EXPECT_EQ(to_hex(*small), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  const auto usual = scrypt(as_bytes("pleaseletmein"), as_bytes("SodiumChloride"), {14, 8, 1});
  ASSERT_TRUE(usual.ok()) << describe(usual.error());
  EXPECT_EQ(to_hex(*usual), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST(Scrypt, RefusesACostThatNoMachineOfOursHas) {
  for (const ScryptCost cost : {ScryptCost{0, 8, 1}, ScryptCost{21, 8, 1}, ScryptCost{14, 0, 1},
                                ScryptCost{14, 8, 0}, ScryptCost{20, 8, 1}}) {
    const auto refused = scrypt(as_bytes("p"), as_bytes("s"), cost);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace coffer::crypto
