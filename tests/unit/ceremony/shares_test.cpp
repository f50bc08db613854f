// Shares: enough of them give the secret, and nothing else does.
#include "src/ceremony/shares.h"

#include <gtest/gtest.h>

#include <bit>

namespace coffer::ceremony::test {
namespace {

constexpr Reveal kWhy{"a test compares"};

SecureBytes secret(std::string_view text) { return *SecureBytes::copy_of(as_bytes(text)); }
std::string text_of(const SecureBytes& bytes) { return std::string(as_text(bytes.expose(kWhy))); }

std::vector<SecureBytes> chosen(const std::vector<SecureBytes>& shares, std::uint32_t set) {
  std::vector<SecureBytes> out;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if ((set >> i & 1U) != 0) out.push_back(*shares[i].clone());
  }
  return out;
}

TEST(Shares, GiveTheSecretInEverySetThatIsEnoughAndInNoOther) {
  const auto shares = *split_secret(secret("correct"), {3, 5});
  ASSERT_EQ(shares.size(), 5U);
  for (std::uint32_t set = 1; set < 32; ++set) {
    const auto back = combine_shares(chosen(shares, set));
    const bool enough = std::popcount(set) >= 3;
    ASSERT_EQ(back.ok(), enough) << set;
    if (enough) {
      EXPECT_EQ(text_of(*back), "correct");
    } else {
      EXPECT_EQ(back.error().text, "there are too few shares");
    }
  }
}

TEST(Shares, AreFreshEachTime) {
  const auto first = *split_secret(secret("s"), {2, 2});
  const auto second = *split_secret(secret("s"), {2, 2});
  EXPECT_NE(text_of(first[0]), text_of(second[0]));
  EXPECT_NE(text_of(first[1]), text_of(second[1]));
}

TEST(Shares, OfDifferentSecretsDontMix) {
  const auto first = *split_secret(secret("same"), {2, 3});
  const auto second = *split_secret(secret("same"), {2, 3});
  std::vector<SecureBytes> mixed;
  mixed.push_back(*first[0].clone());
  mixed.push_back(*second[1].clone());
  EXPECT_EQ(combine_shares(mixed).error().text, "the shares aren't of one secret");
}

TEST(Shares, ThatAreThereTwiceDontCountTwice) {
  const auto shares = *split_secret(secret("s"), {2, 3});
  std::vector<SecureBytes> twice;
  twice.push_back(*shares[0].clone());
  twice.push_back(*shares[0].clone());
  EXPECT_EQ(combine_shares(twice).error().text, "a share is there twice");
}

TEST(Shares, WithOneWrongCharacterAreRefused) {
  const auto shares = *split_secret(secret("12345678"), {2, 2});
  const std::string good = text_of(shares[0]);
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i] == ' ') continue;
    std::string bad = good;
    bad[i] = bad[i] == '0' ? '1' : '0';
    std::vector<SecureBytes> two;
    two.push_back(secret(bad));
    two.push_back(*shares[1].clone());
    const auto back = combine_shares(two);
    ASSERT_FALSE(back.ok()) << i;
    EXPECT_EQ(back.error().text,
              "a share's checksum is wrong: it was written down or typed in wrongly");
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    std::vector<SecureBytes> one;
    one.push_back(secret(good.substr(0, size)));
    EXPECT_FALSE(combine_shares(one).ok()) << size;
  }
}

TEST(Shares, AreShownInGroupsOfFour) {
  const auto shares = *split_secret(secret("12345678"), {2, 2});
  const std::string text = text_of(shares[0]);
  // 4 + 32 + 32 + 8 + 4 bytes.
  ASSERT_EQ(text.size(), 160U + 39U);
  for (std::size_t i = 0; i < text.size(); ++i) EXPECT_EQ(text[i] == ' ', i % 5 == 4) << i;
}

TEST(Shares, ThatWereTypedInAreTriedInEverySet) {
  const auto shares = *split_secret(secret("12345678"), {2, 3});
  const auto back = combine_every_subset(shares, 2);
  ASSERT_TRUE(back.ok()) << back.error().text;
  EXPECT_EQ(text_of(*back), "12345678");
  auto one_wrong = chosen(shares, 3);
  std::string bad = text_of(shares[2]);
  bad[50] = bad[50] == '1' ? '2' : '1';
  one_wrong.push_back(secret(bad));
  EXPECT_EQ(combine_every_subset(one_wrong, 2).error().text,
            "share 3: a share's checksum is wrong: it was written down or typed in wrongly");
  EXPECT_EQ(combine_every_subset(chosen(shares, 1), 2).error().text, "there are too few shares");
  EXPECT_EQ(combine_every_subset(shares, 3).error().text, "the shares are of another plan");
  auto twice = chosen(shares, 3);
  twice.push_back(*shares[0].clone());
  EXPECT_EQ(combine_every_subset(twice, 2).error().text, "a share is there twice");
}

TEST(Shares, MayBeWrittenInGroupsAndCapitals) {
  const auto shares = *split_secret(secret("s"), {2, 2});
  std::string spaced;
  for (const char c : text_of(shares[0])) {
    spaced.push_back(static_cast<char>(c >= 'a' ? c - 'a' + 'A' : c));
    if (spaced.size() % 7 == 4) spaced.push_back('-');
  }
  std::vector<SecureBytes> two;
  two.push_back(secret(spaced));
  two.push_back(*shares[1].clone());
  const auto back = combine_shares(two);
  ASSERT_TRUE(back.ok()) << back.error().text;
  EXPECT_EQ(text_of(*back), "s");
}

TEST(Shares, HaveBounds) {
  EXPECT_FALSE(split_secret(secret("s"), {1, 2}).ok());
  EXPECT_FALSE(split_secret(secret("s"), {3, 2}).ok());
  EXPECT_FALSE(split_secret(secret("s"), {2, 17}).ok());
  EXPECT_FALSE(split_secret(SecureBytes(), {2, 2}).ok());
  EXPECT_FALSE(split_secret(secret(std::string(65, 'x')), {2, 2}).ok());
  EXPECT_TRUE(split_secret(secret(std::string(64, 'x')), {2, 16}).ok());
  EXPECT_EQ(combine_shares({}).error().text, "there are no shares");
}

}  // namespace
}  // namespace coffer::ceremony::test
