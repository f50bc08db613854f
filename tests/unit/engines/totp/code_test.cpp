// Codes: made as the RFC says, and each accepted once.
#include "totp_kit.h"

namespace coffer::engines::totp {
namespace {

/// RFC 6238 appendix B, from storage and back.
TEST_F(TotpTest, MakesTheCodesOfTheRfc) {
  put("eight", R"(,"digits":8)");
  put("six");
  at(1111111085);
  EXPECT_EQ(code("eight"), "07081804");
  EXPECT_EQ(code("six"), "081804");
  at(2000000000);
  EXPECT_EQ(code("eight"), "69279037");
}

TEST_F(TotpTest, KnowsTheOtherHashesAndPeriods) {
  ASSERT_TRUE(write("sha256", R"({"digits":8,"algorithm":"SHA256",
        "key":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA===="})")
                  .ok());
  put("minute", R"(,"digits":8,"period":"1m")");
  at(1111111085);
  EXPECT_EQ(code("sha256"), "68084774");
  at(2222222170);  // the steps of twice the length are the same
  EXPECT_EQ(code("minute"), "07081804");
}

TEST_F(TotpTest, AcceptsACodeOnce) {
  put("k");
  const std::string now = code("k");
  EXPECT_EQ(valid("k", "000000"), "false");
  EXPECT_EQ(valid("k", " " + now + " "), "true");
  EXPECT_EQ(valid("k", now), kUsed);
  EXPECT_EQ(valid("k", now), kUsed);
  EXPECT_EQ(code("k"), now) << "to make a code doesn't use it";
}

TEST_F(TotpTest, AcceptsTheStepsBesideTheCurrentOneAndNoOthers) {
  put("k");
  put("strict", R"(,"skew":0)");
  std::vector<std::string> codes;
  for (int step = 0; step < 5; ++step) {
    at(1234567890 + 30 * step);
    codes.push_back(code("k"));
  }
  at(1234567890 + 60);
  EXPECT_EQ(valid("k", codes[0]), "false");
  EXPECT_EQ(valid("k", codes[3]), "true") << "a clock that is ahead";
  EXPECT_EQ(valid("k", codes[1]), "true") << "and one that is behind, each once";
  EXPECT_EQ(valid("k", codes[2]), "true");
  EXPECT_EQ(valid("k", codes[4]), "false");
  for (int step = 1; step < 4; ++step) {
    EXPECT_EQ(valid("k", codes[static_cast<std::size_t>(step)]), kUsed);
  }
  EXPECT_EQ(valid("strict", codes[1]), "false");
  EXPECT_EQ(valid("strict", codes[2]), "true");
}

TEST_F(TotpTest, AClockThatGoesBackMakesNoOldCodeGoodAgain) {
  put("k");
  const std::string old = code("k");
  ASSERT_EQ(valid("k", old), "true");
  at(1234567890 + 3600);
  ASSERT_EQ(valid("k", code("k")), "true");
  at(1234567890);
  EXPECT_EQ(valid("k", old), kUsed) << "although that step itself isn't kept any more";
}

TEST_F(TotpTest, OfTwoAtOnceWithOneCodeOneIsTold) {
  put("k");
  const std::string body = R"({"code":")" + code("k") + "\"}";
  auto first = vault.stage(vault.root, Operation::update, "totp/code/k", body);
  auto second = vault.stage(vault.root, Operation::update, "totp/code/k", body);
  ASSERT_TRUE(first.response.ok() && second.response.ok()) << "neither sees the other's yet";
  EXPECT_TRUE(vault.commit(std::move(second.writes)));
  EXPECT_FALSE(vault.commit(std::move(first.writes))) << "it runs again, and then:";
  refused(vault.call(Operation::update, "totp/code/k", body), kUsed);
}

TEST_F(TotpTest, ACodeThatIsCheckedWhileItsKeyIsReplacedIsntTold) {
  put("k");
  auto checked =
      vault.stage(vault.root, Operation::update, "totp/code/k", R"({"code":")" + code("k") + "\"}");
  ASSERT_TRUE(checked.response.ok());
  put("k");
  EXPECT_FALSE(vault.commit(std::move(checked.writes)));
}

TEST_F(TotpTest, WhatWasUsedIsInTheStore) {
  put("k");
  const std::string now = code("k");
  ASSERT_EQ(valid("k", now), "true");
  ASSERT_TRUE(vault.call(Operation::update, "sys/seal").ok());
  ASSERT_TRUE(vault.call(Operation::update, "sys/unseal", R"({"key":"1234"})").ok());
  EXPECT_EQ(valid("k", now), kUsed);
}

TEST_F(TotpTest, AKeyThatIsWrittenAnewIsAnother) {
  put("k");
  ASSERT_EQ(valid("k", code("k")), "true");
  put("k", R"(,"algorithm":"SHA256")");
  EXPECT_EQ(valid("k", code("k")), "true");
  put("k", R"(,"period":20)");
  EXPECT_EQ(valid("k", code("k")), "true");
  ASSERT_TRUE(write("k", R"({"key":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","period":20})").ok());
  EXPECT_EQ(valid("k", code("k")), "true");
}

/// As a tool that provisions writes it at each run. Six digits are the end of eight.
TEST_F(TotpTest, OfTheSameKeyWrittenAgainNoCodeIsGoodAgain) {
  put("k");
  const std::string now = code("k");
  ASSERT_EQ(valid("k", now), "true");
  put("k", R"(,"issuer":"Coffer")");
  EXPECT_EQ(valid("k", now), kUsed);
  put("k", R"(,"digits":8)");
  EXPECT_EQ(valid("k", code("k")), kUsed);
}

TEST_F(TotpTest, UnknownKeysAndMissingCodesAreRefused) {
  put("k");
  refused(check("nosuch", "123456"), "unknown key");
  refused(call(Operation::read, "code/nosuch"), "unknown key");
  refused(call(Operation::update, "code/k", "{}"), "code value is required");
  refused(call(Operation::update, "code/k", R"({"code":123456})"), "code");
  EXPECT_EQ(valid("k", "12345"), "false");
  EXPECT_EQ(valid("k", std::string(1000, '1')), "false");
}

/// Down to 1970, where there is no step before the first.
TEST_F(TotpTest, WorksAtTheEdgesOfTime) {
  put("k", R"(,"digits":8)");
  at(35);
  EXPECT_EQ(code("k"), "94287082");
  at(5);
  EXPECT_EQ(valid("k", code("k")), "true");
  at(4102444800);
  EXPECT_EQ(valid("k", code("k")), "true");
}

}  // namespace
}  // namespace coffer::engines::totp
