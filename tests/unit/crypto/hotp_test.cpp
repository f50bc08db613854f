#include "coffer/crypto/hotp.h"

#include <gtest/gtest.h>

#include <string_view>

namespace coffer::crypto {
namespace {

std::string code(OtpHash hash, std::string_view key, std::uint64_t counter, unsigned digits) {
  const auto made = hotp(hash, as_bytes(key), counter, digits);
  return made.ok() ? *made : made.error().text;
}

TEST(Hotp, IsThatOfRfc4226AppendixD) {
  constexpr const char* kCodes[] = {"755224", "287082", "359152", "969429", "338314",
                                    "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < 10; ++counter) {
    EXPECT_EQ(code(OtpHash::sha1, "12345678901234567890", counter, 6), kCodes[counter]);
  }
}

/// RFC 6238 appendix B, with the keys of its reference implementation: as long as the hash.
TEST(Hotp, IsThatOfRfc6238AppendixB) {
  struct Row {
    std::uint64_t time;
    const char* sha1;
    const char* sha256;
    const char* sha512;
  };
  constexpr Row kRows[] = {
      {59, "94287082", "46119246", "90693936"},
      {1111111109, "07081804", "68084774", "25091201"},
      {1111111111, "14050471", "67062674", "99943326"},
      {1234567890, "89005924", "91819424", "93441116"},
      {2000000000, "69279037", "90698825", "38618901"},
      {20000000000, "65353130", "77737706", "47863826"},
  };
  const std::string digits = "1234567890123456789012345678901234567890123456789012345678901234";
  for (const Row& row : kRows) {
    EXPECT_EQ(code(OtpHash::sha1, digits.substr(0, 20), row.time / 30, 8), row.sha1);
    EXPECT_EQ(code(OtpHash::sha256, digits.substr(0, 32), row.time / 30, 8), row.sha256);
    EXPECT_EQ(code(OtpHash::sha512, digits, row.time / 30, 8), row.sha512);
  }
}

TEST(Hotp, RefusesWhatNoStandardKnows) {
  EXPECT_FALSE(hotp(OtpHash::sha1, {}, 0, 6).ok());
  EXPECT_FALSE(hotp(OtpHash::sha1, as_bytes("k"), 0, 5).ok());
  EXPECT_FALSE(hotp(OtpHash::sha1, as_bytes("k"), 0, 9).ok());
  EXPECT_FALSE(hotp(static_cast<OtpHash>(9), as_bytes("k"), 0, 6).ok());
}

}  // namespace
}  // namespace coffer::crypto
