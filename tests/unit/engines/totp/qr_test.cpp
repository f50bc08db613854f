// QR codes and pictures. That scanners read them is tests/e2e/test_totp.py; here is what an app
// would not tell: the example of the standard, and that a picture is what PNG says.
#include "src/engines/totp/qr.h"

#include <gtest/gtest.h>

#include "src/engines/totp/png.h"
#include "src/engines/totp/qr_codewords.h"

namespace coffer::engines::totp {
namespace {

/// "HELLO" in version 1: data by hand after section 7.4 (4 bits mode, 8 bits length, the bytes, an
/// end, padding), which the first 16 of 26 codewords are.
TEST(QrCodewords, StartWithModeLengthAndTheBytes) {
  const auto words = qr_codewords("HELLO");
  ASSERT_TRUE(words.ok());
  EXPECT_EQ(words->version, 1);
  ASSERT_EQ(words->bytes.size(), 26U);
  EXPECT_EQ(to_hex(ByteView(words->bytes).first(16)), "40548454c4c4f0ec11ec11ec11ec11ec");
}

TEST(QrCodewords, TakeTheSmallestVersionThatHoldsTheText) {
  EXPECT_EQ(qr_codewords(std::string(14, 'a'))->version, 1);
  EXPECT_EQ(qr_codewords(std::string(15, 'a'))->version, 2);
  EXPECT_EQ(qr_codewords(std::string(180, 'a'))->version, 9);
  EXPECT_EQ(qr_codewords(std::string(181, 'a'))->version, 10) << "lengths have 16 bits from there";
  EXPECT_EQ(qr_codewords(std::string(2331, 'a'))->version, 40);
  const auto over = qr_codewords(std::string(2332, 'a'));
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::too_large);
}

TEST(QrCodewords, FillEachVersionToTheBit) {
  for (const std::size_t size : {14U, 26U, 62U, 180U, 666U, 1990U, 2331U}) {
    const auto words = qr_codewords(std::string(size, 'x'));
    ASSERT_TRUE(words.ok());
    EXPECT_EQ(words->bytes.size(), static_cast<std::size_t>(qr_raw_bits(words->version) / 8));
  }
}

TEST(QrCode, HasItsFindersAndItsTiming) {
  const auto code = make_qr("otpauth://totp/a?secret=GE");
  ASSERT_TRUE(code.ok());
  const int last = code->size() - 1;
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(code->dark(i, 0) && code->dark(0, i) && code->dark(last - i, 0));
    EXPECT_TRUE(code->dark(0, last - i) && code->dark(last, i) && code->dark(i, last));
    EXPECT_FALSE(code->dark(7, i) || code->dark(i, 7));
  }
  for (int i = 8; i < last - 8; ++i) EXPECT_EQ(code->dark(i, 6), i % 2 == 0);
}

TEST(Png, HasItsPartsWithTheirSums) {
  const auto code = make_qr("a");
  const std::string png = to_png(*code, 29);
  EXPECT_EQ(png.substr(0, 8), std::string("\x89PNG\r\n\x1A\n"));
  EXPECT_EQ(to_hex(as_bytes(png.substr(8, 21))), "0000000d494844520000001d0000001d0100000000");
  EXPECT_EQ(to_hex(as_bytes(png.substr(png.size() - 12))), "0000000049454e44ae426082");
  EXPECT_EQ(png.size(), 8U + 25 + 12 + 12 + 2 + 5 + 29 * 5 + 4);
}

}  // namespace
}  // namespace coffer::engines::totp
