#include "coffer/crypto/random_text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace coffer::crypto {
namespace {

std::string text_of(std::string_view charset, std::size_t count) {
  const auto made = random_text(charset, count);
  EXPECT_TRUE(made.ok());
  return made.ok() ? std::string(as_text(made->expose(Reveal{"test"}))) : std::string();
}

TEST(RandomText, HasItsLengthAndItsCharactersAlone) {
  for (const std::size_t count : {1U, 4U, 20U, 100U}) {
    const std::string text = text_of("xyz", count);
    EXPECT_EQ(text.size(), count);
    EXPECT_EQ(text.find_first_not_of("xyz"), std::string::npos);
  }
  EXPECT_EQ(text_of("x", 5), "xxxxx");
  EXPECT_NE(text_of("abcdefghijklmnop", 64), text_of("abcdefghijklmnop", 64));
}

/// Of 100 characters a byte's remainder would draw the first 56 half as often again. With 400 000
/// draws the statistic is at 99 degrees of freedom: beyond 200 in one run of 10^8 if it is even,
/// and above 10 000 with that mistake.
TEST(RandomText, DrawsEachCharacterEvenly) {
  std::string charset;
  for (int i = 0; i < 100; ++i) charset.push_back(static_cast<char>(i + 1));
  std::array<double, 100> seen{};
  for (int text = 0; text < 400; ++text) {
    for (const char c : text_of(charset, 1000)) ++seen.at(static_cast<std::size_t>(c) - 1);
  }
  double statistic = 0;
  for (const double count : seen) statistic += (count - 4000) * (count - 4000) / 4000;
  EXPECT_LT(statistic, 200);
}

TEST(RandomText, RefusesNoCharactersAndMoreThanAByteHas) {
  EXPECT_FALSE(random_text("", 4).ok());
  EXPECT_FALSE(random_text(std::string(257, 'a'), 4).ok());
}

}  // namespace
}  // namespace coffer::crypto
