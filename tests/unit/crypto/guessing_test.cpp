#include "coffer/crypto/guessing.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::crypto {
namespace {

TEST(Guessing, WhatAnyoneWouldTryIsGuessable) {
  for (const char* value :
       {"password1234", "P@ssw0rd2024!", "aaaaaaaaaaaaaaaa", "0123456789ab", "administrator",
        "changeme-please", "application/json", "qwertyuiopasdf", "abcabcabcabcabcabcabcabcabc"}) {
    EXPECT_TRUE(guessable(value)) << value;
  }
}

TEST(Guessing, WhatWasMadeAtRandomIsNot) {
  for (const char* value :
       {"k3J9xQ2mZ8rT", "hvs.CAESIJ8aZ0Qw3sX9vB2nM5kL", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE",
        "correct horse battery staple", "d41d8cd98f00b204e9800998ecf8427e"}) {
    EXPECT_FALSE(guessable(value)) << value;
  }
}

TEST(Guessing, AValueWithAWeakStartIsJudgedByItsEnd) {
  EXPECT_TRUE(guessable("passwordpasswordpasswordpasswordpassword"));
  EXPECT_FALSE(guessable("passwordpasswordpasswordpasswordk3J9xQ2mZ8rT"));
}

TEST(Guessing, ANulByteEndsNothing) {
  const std::string value("k3J9\0Q2mZ8rTw5Yp", 16);
  EXPECT_FALSE(guessable(value));
  EXPECT_GT(guess_bits(value), guess_bits("k3J9"));
}

/// The short way says "not guessable" of nothing that zxcvbn finds weak.
TEST(Guessing, TheShortWayAgreesWithZxcvbn) {
  const char* const parts[] = {"Pass", "w0rd", "2024", "!", "admin", "1", "Qwerty", "#", "aA1"};
  std::size_t asked = 0;
  for (std::size_t i = 0; i < 9 * 9 * 9; ++i) {
    std::string value;
    for (std::size_t n = i, k = 0; k < 8; ++k, n = n / 9 + k * 5) value += parts[n % 9];
    if (value.size() < 24 || guessable(value)) continue;
    ++asked;
    EXPECT_GE(guess_bits(value), kUnguessableBits) << value;
  }
  EXPECT_GT(asked, 20U);
}

}  // namespace
}  // namespace coffer::crypto
