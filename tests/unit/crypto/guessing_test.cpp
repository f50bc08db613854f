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

TEST(Guessing, AMixedValueOfWordsIsJudgedByZxcvbn) {
  for (const char* value : {"PasswordPassword1q2w3e4r", "PasswordPassworda1b2c3d4123",
                            "Passwordpassw0rd1q2w3e4r5t123"}) {
    ASSERT_TRUE(mixed(value)) << value;
    EXPECT_TRUE(guessable(value)) << value;
  }
  for (const char* value : {"PaSsWoRd123QwErTyMoNkEy1", "!QAZ2wsx#EDC4rfv%TGB6yhn"}) {
    ASSERT_TRUE(mixed(value)) << value;
    EXPECT_FALSE(guessable(value)) << value << ": so says zxcvbn";
  }
}

TEST(Guessing, OfAMixedValueOfFortyBytesZxcvbnDecides) {
  const char* const parts[] = {"Pass",   "w0rd", "2024",     "!",        "admin", "1",
                               "Qwerty", "#",    "1q2w3e4r", "Password", "a1b2c3"};
  constexpr std::size_t kParts = std::size(parts);
  std::size_t weak = 0;
  std::size_t strong = 0;
  for (std::size_t i = 0; i < kParts * kParts * kParts; ++i) {
    std::string value;
    for (std::size_t n = i, k = 0; k < 6; ++k, n = n / kParts + k * 7) value += parts[n % kParts];
    if (value.size() > kMixedBytes || !mixed(value)) continue;
    const bool is_weak = guess_bits(value) < kUnguessableBits;
    ++(is_weak ? weak : strong);
    EXPECT_EQ(guessable(value), is_weak) << value;
  }
  EXPECT_GT(weak, 5U);
  EXPECT_GT(strong, 20U);
}

}  // namespace
}  // namespace coffer::crypto
