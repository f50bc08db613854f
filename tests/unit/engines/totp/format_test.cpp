// A key's row, byte for byte (docs/formats/totp.md), base32, and the set of used steps.
#include <gtest/gtest.h>

#include "coffer/base/bytes.h"
#include "src/engines/totp/base32.h"
#include "src/engines/totp/key.h"

namespace coffer::engines::totp {
namespace {

constexpr std::string_view kExample =
    "01000000000000000302080100000"
    "03c00000002567500000001740000000000000064000000020000000000000065"
    "0000000000000067";

Key example() {
  return {.version = 3,
          .hash = crypto::OtpHash::sha256,
          .digits = 8,
          .skew = 1,
          .period = std::chrono::seconds(60),
          .issuer = "Vu",
          .account_name = "t",
          .used = {.all_below = 100, .single = {101, 103}}};
}

TEST(TotpRow, IsTheWorkedExampleByteForByte) {
  EXPECT_EQ(to_hex(as_bytes(encode(example()))), kExample);
  const Bytes row = *from_hex(kExample);
  const auto key = decode(as_text(row));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(encode(*key), as_text(row));
  EXPECT_EQ(key->issuer, "Vu");
  EXPECT_EQ(key->used.single, (std::vector<std::uint64_t>{101, 103}));
}

TEST(TotpRow, EveryTruncationExtensionAndImpossibleValueIsCorrupt) {
  const std::string row = encode(example());
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(decode(std::string_view(row).substr(0, size)).error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode(row + "x").ok());
  const auto with = [&row](std::size_t at, char byte) {
    std::string changed = row;
    changed[at] = byte;
    return decode(changed).ok();
  };
  EXPECT_FALSE(with(0, 2)) << "format";
  EXPECT_FALSE(with(9, 0)) << "algorithm";
  EXPECT_FALSE(with(9, 4));
  EXPECT_FALSE(with(10, 7)) << "digits";
  EXPECT_FALSE(with(11, 2)) << "skew";
  EXPECT_FALSE(with(15, 0)) << "period";
  EXPECT_FALSE(with(row.size() - 1, 101)) << "a step twice";
  EXPECT_FALSE(with(row.size() - 9, 99)) << "a step below those that are all used";
}

/// RFC 4648 section 10.
TEST(Base32, IsThatOfTheRfc) {
  const std::pair<std::string, std::string> kRows[] = {{"", ""},
                                                       {"f", "MY"},
                                                       {"fo", "MZXQ"},
                                                       {"foo", "MZXW6"},
                                                       {"foob", "MZXW6YQ"},
                                                       {"fooba", "MZXW6YTB"},
                                                       {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : kRows) {
    EXPECT_EQ(to_base32(bytes), text);
    EXPECT_EQ(*from_base32(text), bytes);
  }
  EXPECT_EQ(*from_base32("mzxw6ytboi======"), "foobar");
  for (const char* bad :
       {"M", "MZX", "MZXW6Y", "MZ", "M1", "MZXW6YT ", "=MY", "MY=A", "M\xC3\xA9"}) {
    EXPECT_FALSE(from_base32(bad).ok()) << bad;
  }
}

TEST(UsedSteps, OnlyGrow) {
  UsedSteps used;
  EXPECT_FALSE(used.has(0));
  used.add(5);
  used.add(4);
  used.add(5);
  EXPECT_EQ(used.single, (std::vector<std::uint64_t>{4, 5}));
  used.forget_below(5);
  EXPECT_EQ(used.single, std::vector<std::uint64_t>{5});
  EXPECT_TRUE(used.has(1) && used.has(4) && used.has(5));
  EXPECT_FALSE(used.has(6));
  used.forget_below(3);
  EXPECT_EQ(used.all_below, 5U) << "time that goes back gives nothing back";
}

}  // namespace
}  // namespace coffer::engines::totp
