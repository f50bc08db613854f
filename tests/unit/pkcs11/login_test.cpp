// A wrong PIN costs one try, once.
#include <sys/wait.h>
#include <unistd.h>

#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

class Login : public ShimmedToken {
 protected:
  SecureBytes wrong_pin() {
    auto pin = fakes::random_pin(13);
    return pin.ok() ? *std::move(pin) : SecureBytes();
  }
  /// From now on the token's flags have these bits too.
  static void add_flags(CK_FLAGS flags) {
    shim::Hook<& CK_FUNCTION_LIST::C_GetTokenInfo>::after =
        [flags](CK_RV&, CK_SLOT_ID, CK_TOKEN_INFO* info) { info->flags |= flags; };
  }
};

TEST_F(Login, OneLoginForOneToken) {
  ASSERT_NO_FATAL_FAILURE(open_with_kek());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of_result(unwrap()), "ok");
  EXPECT_EQ(shim::calls("C_Login"), 1U);
  EXPECT_EQ(shim::calls("C_Logout"), 0U);
}

TEST_F(Login, AWrongPinIsTriedOnceAndSaysSo) {
  const auto refused = connect_with(wrong_pin());
  ASSERT_EQ(code_of_result(refused), "permission_denied");
  EXPECT_EQ(refused.error().text, "wrong PIN");
  EXPECT_EQ(refused.error().cause, "C_Login: CKR_PIN_INCORRECT");
  EXPECT_EQ(shim::calls("C_Login"), 1U);
  EXPECT_EQ(shim::calls("C_Finalize"), shim::calls("C_Initialize"));
}

TEST_F(Login, APinThatFailedIsNotTriedAgain) {
  const SecureBytes wrong = wrong_pin();
  ASSERT_EQ(code_of_result(connect_with(wrong)), "permission_denied");
  // Even where a low count is accepted, as SoftHSM shows it now.
  const auto again = connect_with(wrong, FewTries::accept);
  EXPECT_EQ(code_of_result(again), "permission_denied");
  EXPECT_EQ(again.error().cause, "no C_Login was made");
  EXPECT_EQ(shim::calls("C_Login"), 1U);
  EXPECT_EQ(code_of_result(connect_with(directory_->pin(), FewTries::accept)), "ok")
      << "another PIN may be tried";
}

TEST_F(Login, ALowCountIsLeftAloneUnlessAllowed) {
  ASSERT_EQ(code_of_result(connect_with(wrong_pin())), "permission_denied");
  const auto refused = connect_with(directory_->pin());
  ASSERT_EQ(code_of_result(refused), "permission_denied");
  EXPECT_EQ(refused.error().cause, "CKF_USER_PIN_COUNT_LOW");
  EXPECT_EQ(shim::calls("C_Login"), 1U);
  EXPECT_EQ(code_of_result(connect_with(directory_->pin(), FewTries::accept)), "ok");
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "ok")
      << "a good login clears the count";
}

TEST_F(Login, ALastTryIsNeverSpent) {
  for (const CK_FLAGS flag :
       {CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED, CKF_USER_PIN_TO_BE_CHANGED}) {
    add_flags(flag);
    EXPECT_EQ(code_of_result(connect_with(directory_->pin(), FewTries::accept)),
              "permission_denied");
  }
  EXPECT_EQ(shim::calls("C_Login"), 0U);
}

TEST_F(Login, AnEmptyPinIsNotSent) {
  EXPECT_EQ(code_of_result(connect_with(SecureBytes())), "invalid_argument");
  EXPECT_EQ(shim::calls("C_Login"), 0U);
}

TEST_F(Login, PinsAreInNoError) {
  const auto refused = connect_with(secret("31415926535"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(describe(refused.error()).find("31415926535"), std::string::npos);
}

TEST_F(Login, AnAnswerThatIsNoVerdictIsTriedAgainFromTheStart) {
  shim::fail_nth("C_Login", 1, CKR_GENERAL_ERROR);
  shim::fail_nth("C_Login", 2, CKR_USER_PIN_NOT_INITIALIZED);
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "ok");
  EXPECT_EQ(shim::calls("C_Login"), 3U);
  EXPECT_EQ(shim::calls("C_Initialize"), 3U);
}

TEST_F(Login, ButNotForEver) {
  shim::fail_always("C_Login", CKR_DEVICE_ERROR);
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "unavailable");
  EXPECT_EQ(shim::calls("C_Login"), 3U);
}

TEST_F(Login, ATokenThatCountsASilentFailureStopsTheAttempts) {
  shim::fail_always("C_Login", CKR_FUNCTION_FAILED);
  int looks = 0;
  shim::Hook<& CK_FUNCTION_LIST::C_GetTokenInfo>::after = [&looks](CK_RV&, CK_SLOT_ID,
                                                                   CK_TOKEN_INFO* info) {
    if (shim::calls("C_Login") > 0) info->flags |= CKF_USER_PIN_COUNT_LOW;
    ++looks;
  };
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "permission_denied");
  EXPECT_EQ(shim::calls("C_Login"), 1U);
  EXPECT_GT(looks, 1);
}

TEST_F(Login, ATokenThatComesLateIsWaitedFor) {
  shim::Hook<& CK_FUNCTION_LIST::C_GetSlotList>::after = [](CK_RV&, CK_BBOOL, CK_SLOT_ID*,
                                                            CK_ULONG* count) {
    if (shim::calls("C_Initialize") < 4) *count = 0;
  };
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "ok");
  EXPECT_EQ(shim::calls("C_Initialize"), 4U);
  EXPECT_EQ(shim::calls("C_Login"), 1U);
}

TEST_F(Login, AModuleThatOthersInitialisedIsLeftAlone) {
  shim::fail_always("C_Initialize", CKR_CRYPTOKI_ALREADY_INITIALIZED);
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "conflict");
  EXPECT_EQ(shim::calls("C_Initialize"), 1U);
  EXPECT_EQ(shim::calls("C_Finalize"), 0U);
}

TEST_F(Login, TwoTokensOfOneLabelAreRefusedAndTheSerialTellsThemApart) {
  const auto second = directory_->add_token("coffer test");
  ASSERT_TRUE(second.ok()) << describe(second.error());
  const std::string by_serial = config_.uri;
  config_.uri = "pkcs11:token=coffer%20test";
  const auto refused = connect_with(directory_->pin());
  ASSERT_EQ(code_of_result(refused), "precondition");
  EXPECT_NE(refused.error().text.find("2 tokens"), std::string::npos);
  EXPECT_EQ(shim::calls("C_Login"), 0U);
  config_.uri = by_serial;
  ASSERT_EQ(code_of_result(connect_with(directory_->pin())), "ok");
  config_.uri = "pkcs11:serial=" + *second;
  ASSERT_EQ(code_of_result(connect_with(directory_->pin())), "ok");
  EXPECT_EQ(token_->info()->serial, *second);
}

TEST_F(Login, AMissingTokenIsNotFoundAfterAFewSeconds) {
  config_.uri = "pkcs11:serial=doesnotexist";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of_result(connect_with(directory_->pin())), "not_found");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_EQ(shim::calls("C_Login"), 0U);
}

// SoftHSM rewrites the token's file at each login, and whoever initialises in that moment sees no
// token.
TEST_F(Login, ProcessesThatStartTogetherAllGetIn) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int good = 0;
      for (int round = 0; round < 4; ++round) good += directory_->open().ok() ? 1 : 0;
      ::_exit(good == 4 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

}  // namespace
}  // namespace coffer::pkcs11
