// Templates in words, and what SoftHSM says of keys and PINs.
#include "coffer/pkcs11/attest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fakes/softhsm.h"

namespace coffer::pkcs11::test {
namespace {

class AttestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = fakes::SoftHsmDirectory::create("attest");
    ASSERT_TRUE(made.ok()) << describe(made.error());
    hsm_ = *std::move(made);
  }
  const KeyRef kek_{Bytes{1, 2, 3}};
  const KeyRef sign_{Bytes{1, 2, 4}};
  std::unique_ptr<fakes::SoftHsmDirectory> hsm_;
};

TEST_F(AttestTest, AKeyIsReadAsItsTemplateHasIt) {
  {
    const auto token = hsm_->open();
    ASSERT_TRUE(token.ok()) << describe(token.error());
    ASSERT_TRUE((*token)->generate(KeyRole::kek, kek_, "k").ok());
    ASSERT_TRUE((*token)->generate(KeyRole::sign, sign_, "s").ok());
  }
  const KeyToRead keys[] = {{KeyRole::kek, kek_}, {KeyRole::sign, sign_}};
  const auto read = read_attributes(hsm_->config(), hsm_->pin(), keys);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(read->at(0), *key_template(KeyRole::kek, "softhsm"));
  EXPECT_EQ(read->at(1), *key_template(KeyRole::sign, "softhsm"));
}

TEST_F(AttestTest, AKeyThatIsntThereIsNotFound) {
  const KeyToRead keys[] = {{KeyRole::kek, kek_}};
  EXPECT_EQ(read_attributes(hsm_->config(), hsm_->pin(), keys).error().code, ErrorCode::not_found);
}

TEST_F(AttestTest, ATokenIsLookedAtWithoutALogin) {
  const auto looks = look_at_tokens(fakes::kSoftHsmModule);
  ASSERT_TRUE(looks.ok()) << describe(looks.error());
  const auto ours = std::find_if(looks->begin(), looks->end(),
                                 [](const auto& look) { return look.info.label == "attest"; });
  ASSERT_NE(ours, looks->end());
  EXPECT_TRUE(ours->initialised && ours->user_pin_set);
  EXPECT_NE(ours->flags.find("TOKEN_INITIALIZED"), std::string::npos);
  // SoftHSM shows a blank one beside it.
  EXPECT_TRUE(std::any_of(looks->begin(), looks->end(),
                          [](const auto& look) { return !look.initialised; }));
}

TEST_F(AttestTest, AChangedPinIsTheOnlyOneThatOpens) {
  const auto fresh = *fakes::random_pin(10);
  ASSERT_TRUE(change_pin(hsm_->config(), PinOwner::user, hsm_->pin(), fresh).ok());
  EXPECT_TRUE(open_token(hsm_->config(), fresh).ok());
  EXPECT_EQ(open_token(hsm_->config(), hsm_->pin()).error().code, ErrorCode::permission_denied);
}

TEST_F(AttestTest, TheSecurityOfficersPinIsChangedByItsHolder) {
  const auto fresh = *fakes::random_pin(10);
  ASSERT_TRUE(change_pin(hsm_->config(), PinOwner::security_officer, hsm_->so_pin(), fresh).ok());
  EXPECT_EQ(
      change_pin(hsm_->config(), PinOwner::security_officer, hsm_->so_pin(), fresh).error().code,
      ErrorCode::permission_denied);
}

/// One wrong PIN is enough: SoftHSM sets its flag, and nothing is tried from then on.
TEST_F(AttestTest, NoPinIsTriedWhereFewTriesAreLeft) {
  const auto fresh = *fakes::random_pin(10);
  const auto wrong = *fakes::random_pin(11);
  EXPECT_EQ(change_pin(hsm_->config(), PinOwner::user, wrong, fresh).error().code,
            ErrorCode::permission_denied);
  const auto again = change_pin(hsm_->config(), PinOwner::user, hsm_->pin(), fresh);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().text,
            "wrong PINs were tried on the token before: one more might lock it");
  EXPECT_EQ(again.error().cause.find("USER_PIN_COUNT_LOW") == std::string::npos, false);
}

/// Whichever of the two the token has is known after one wrong try at most, and the right one makes
/// it forget that.
TEST_F(AttestTest, WhichOfTwoPinsATokenHasIsTold) {
  const auto other = *fakes::random_pin(10);
  for (const PinOwner owner : {PinOwner::user, PinOwner::security_officer}) {
    const SecureBytes& right = owner == PinOwner::user ? hsm_->pin() : hsm_->so_pin();
    EXPECT_TRUE(*takes_pin(hsm_->config(), owner, right, PinTry::first));
    EXPECT_FALSE(*takes_pin(hsm_->config(), owner, other, PinTry::first));
    const auto refused = takes_pin(hsm_->config(), owner, right, PinTry::first);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
    EXPECT_TRUE(*takes_pin(hsm_->config(), owner, right, PinTry::second));
    EXPECT_TRUE(change_pin(hsm_->config(), owner, right, other).ok());
    EXPECT_TRUE(*takes_pin(hsm_->config(), owner, other, PinTry::first));
  }
}

TEST(KeyTemplate, NeedsAProfileByName) {
  EXPECT_EQ(key_template(KeyRole::kek, "auto").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(key_template(KeyRole::kek, "nothing").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace coffer::pkcs11::test
