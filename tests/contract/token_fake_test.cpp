#include "fakes/fake_token.h"
#include "token_contract.h"

namespace coffer::contract {
namespace {

using fakes::FakeToken;
using Method = FakeToken::Method;

struct FakeSubject {
  Result<void> start() { return {}; }
  Result<void> reopen() { return {}; }
  pkcs11::Token& token() { return fake; }
  FakeToken fake;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, TokenContract, FakeSubject);

TEST(FakeToken, TheSameSeedMakesTheSameBytes) {
  FakeToken one(FakeToken::Options{.seed = 7});
  FakeToken two(FakeToken::Options{.seed = 7});
  FakeToken other(FakeToken::Options{.seed = 8});
  const Bytes aad = {1, 2, 3};
  std::vector<Bytes> wraps;
  std::vector<Bytes> signatures;
  for (FakeToken* token : {&one, &two, &other}) {
    ASSERT_TRUE(token->generate(KeyRole::kek, key_ref("k"), ""));
    ASSERT_TRUE(token->generate(KeyRole::sign, key_ref("s"), ""));
    auto wrapped = token->wrap(key_ref("k"), secret(kDataKey), aad);
    auto signature = token->sign(key_ref("s"), aad);
    ASSERT_TRUE(wrapped.ok() && signature.ok());
    wraps.push_back(*wrapped);
    signatures.push_back(*signature);
  }
  EXPECT_EQ(wraps[0], wraps[1]);
  EXPECT_EQ(signatures[0], signatures[1]);
  EXPECT_NE(wraps[0], wraps[2]);
  EXPECT_NE(signatures[0], signatures[2]);
}

TEST(FakeToken, FailsOnTheNthCallOnceAndCounts) {
  FakeToken token;
  ASSERT_TRUE(token.generate(KeyRole::kek, key_ref("k"), ""));
  token.fail_nth(Method::random, 2, make_error(ErrorCode::unavailable, "as told"));
  EXPECT_EQ(code_of(token.random(8)), "ok");
  EXPECT_EQ(code_of(token.random(8)), "unavailable");
  EXPECT_EQ(code_of(token.random(8)), "ok");
  EXPECT_EQ(token.calls(Method::random), 3U);
  EXPECT_EQ(token.calls(Method::generate), 1U);
}

TEST(FakeToken, PulledSpoiltAndForgottenKeys) {
  FakeToken token;
  ASSERT_TRUE(token.generate(KeyRole::kek, key_ref("k"), ""));
  token.pull();
  EXPECT_EQ(code_of(token.verify(KeyRole::kek, key_ref("k"))), "unavailable");
  token.insert();
  EXPECT_EQ(code_of(token.verify(KeyRole::kek, key_ref("k"))), "ok");
  token.spoil(key_ref("k"), "CKA_WRAP");
  const auto spoilt = token.wrap(key_ref("k"), secret("x"), Bytes{1});
  ASSERT_EQ(code_of(spoilt), "precondition");
  EXPECT_NE(spoilt.error().text.find("CKA_WRAP"), std::string::npos);
  token.forget(key_ref("k"));
  EXPECT_EQ(code_of(token.verify(KeyRole::kek, key_ref("k"))), "not_found");
}

TEST(FakeToken, DataFailsAsToldAndIsForgotten) {
  FakeToken token;
  ASSERT_TRUE(token.write_data("a", Bytes{1}));
  token.fail_nth(Method::write_data, 2, make_error(ErrorCode::unavailable, "as told"));
  token.fail_nth(Method::read_data, 1, make_error(ErrorCode::conflict, "as told"));
  EXPECT_EQ(code_of(token.write_data("a", Bytes{2})), "ok");
  EXPECT_EQ(code_of(token.write_data("a", Bytes{3})), "unavailable");
  EXPECT_EQ(code_of(token.read_data("a")), "conflict");
  EXPECT_EQ(*token.read_data("a"), Bytes{2}) << "what failed wrote nothing";
  token.forget_data("a");
  EXPECT_EQ(*token.read_data("a"), std::nullopt);
  token.pull();
  EXPECT_EQ(code_of(token.read_data("a")), "unavailable");
  EXPECT_EQ(token.calls(Method::write_data), 3U);
}

TEST(FakeToken, AFixedSignatureIsGivenAsItIs) {
  FakeToken token;
  ASSERT_TRUE(token.generate(KeyRole::sign, key_ref("s"), ""));
  token.set_fixed_signature(Bytes(64, 9));
  EXPECT_EQ(*token.sign(key_ref("s"), Bytes{1}), Bytes(64, 9));
  token.set_fixed_signature(std::nullopt);
  EXPECT_NE(*token.sign(key_ref("s"), Bytes{1}), Bytes(64, 9));
}

}  // namespace
}  // namespace coffer::contract
