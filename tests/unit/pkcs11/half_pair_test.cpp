// What is left of a pair whose making was cut short: one half, which is no key, and under whose id
// another pair can be made.
#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

/// The class that isn't there.
class HalfPair : public ShimmedToken, public testing::WithParamInterface<CK_OBJECT_CLASS> {
 protected:
  void open_anew() {
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_EQ(shim::real().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                         nullptr, &session_),
              CKR_OK);
  }
  std::vector<CK_OBJECT_HANDLE> objects(CK_OBJECT_CLASS object_class) {
    Bytes key = sign_.id;
    CK_ATTRIBUTE wanted[] = {{CKA_ID, key.data(), key.size()},
                             {CKA_CLASS, &object_class, sizeof object_class}};
    std::vector<CK_OBJECT_HANDLE> found(8);
    CK_ULONG count = 0;
    EXPECT_EQ(shim::real().C_FindObjectsInit(session_, wanted, 2), CKR_OK);
    EXPECT_EQ(shim::real().C_FindObjects(session_, found.data(), found.size(), &count), CKR_OK);
    EXPECT_EQ(shim::real().C_FindObjectsFinal(session_), CKR_OK);
    found.resize(count);
    return found;
  }
  /// A pair, seen whole by this Token, without its half of that class.
  void halve(KeyRole role) {
    const auto made = token_->generate(role, sign_, "half");
    ASSERT_TRUE(made.ok()) << describe(made.error());
    const auto half = objects(GetParam());
    ASSERT_EQ(half.size(), 1U);
    ASSERT_EQ(shim::real().C_DestroyObject(session_, half.front()), CKR_OK);
  }
  void expect_replaced(KeyRole role) {
    EXPECT_EQ(code_of_result(token_->verify(role, sign_)), "not_found");
    const auto made = token_->generate(role, sign_, "whole");
    EXPECT_TRUE(made.ok()) << describe(made.error());
    EXPECT_EQ(code_of_result(token_->verify(role, sign_)), "ok");
    EXPECT_EQ(objects(CKO_PUBLIC_KEY).size(), 1U);
    EXPECT_EQ(objects(CKO_PRIVATE_KEY).size(), 1U);
    EXPECT_EQ(code_of_result(token_->generate(role, sign_, "again")), "conflict");
  }

  CK_SESSION_HANDLE session_ = 0;
};

TEST_P(HalfPair, OfASignKeyIsReplacedByAWholeOne) {
  ASSERT_NO_FATAL_FAILURE(open_anew());
  ASSERT_NO_FATAL_FAILURE(halve(KeyRole::sign));
  ASSERT_NO_FATAL_FAILURE(open_anew());
  expect_replaced(KeyRole::sign);
  EXPECT_EQ(code_of_result(token_->sign(sign_, aad_)), "ok");
}

TEST_P(HalfPair, OfAnRsaKekIsReplacedByAWholeOne) {
  profile_.wrap = WrapScheme::rsa_oaep_sha1;
  profile_.rsa_bits = 2048;
  ASSERT_NO_FATAL_FAILURE(open_anew());
  ASSERT_NO_FATAL_FAILURE(halve(KeyRole::kek));
  ASSERT_NO_FATAL_FAILURE(open_anew());
  expect_replaced(KeyRole::kek);
}

/// Its other half went some other way, and may be back.
TEST_P(HalfPair, OfAPairThatWasSeenWholeIsLeftAlone) {
  ASSERT_NO_FATAL_FAILURE(open_anew());
  ASSERT_NO_FATAL_FAILURE(halve(KeyRole::sign));
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::sign, sign_, "again")), "conflict");
  EXPECT_EQ(objects(CKO_PUBLIC_KEY).size() + objects(CKO_PRIVATE_KEY).size(), 1U);
}

/// A token that has lost its login shows the public half alone.
TEST_P(HalfPair, IsntSeenInAWholeOneWithoutALogin) {
  ASSERT_NO_FATAL_FAILURE(open_anew());
  ASSERT_TRUE(token_->generate(KeyRole::sign, sign_, "whole").ok());
  ASSERT_NO_FATAL_FAILURE(open_anew());
  ASSERT_EQ(shim::real().C_Logout(session_), CKR_OK);
  ASSERT_EQ(objects(CKO_PRIVATE_KEY).size(), 0U);
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::sign, sign_, "again")), "unavailable");
  ASSERT_NO_FATAL_FAILURE(open_anew());
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::sign, sign_)), "ok");
}

INSTANTIATE_TEST_SUITE_P(Gone, HalfPair, testing::Values(CKO_PRIVATE_KEY, CKO_PUBLIC_KEY));

}  // namespace
}  // namespace coffer::pkcs11
