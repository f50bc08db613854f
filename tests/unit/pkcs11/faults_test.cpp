// What the token does to us, and what we make of it.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "shimmed_token.h"

namespace coffer::pkcs11 {
namespace {

class Faults : public ShimmedToken {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ShimmedToken::SetUp());
    ASSERT_NO_FATAL_FAILURE(open_with_kek());
  }
  void generate_sign_key() {
    const auto made = token_->generate(KeyRole::sign, sign_, "sign");
    ASSERT_TRUE(made.ok()) << describe(made.error());
  }
  Bytes tampered() const {
    Bytes blob = blob_;
    blob.back() ^= 1U;
    return blob;
  }
};

TEST_F(Faults, SessionsAreKeptBetweenCalls) {
  ASSERT_EQ(code_of_result(unwrap()), "ok");
  const std::size_t before = shim::calls("C_OpenSession");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(code_of_result(unwrap()), "ok");
    EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "ok");
    EXPECT_EQ(code_of_result(token_->random(16)), "ok");
  }
  EXPECT_EQ(shim::calls("C_OpenSession"), before);
  EXPECT_EQ(shim::calls("C_FindObjectsInit"), 2U) << "one by generate, one by its proof";
}

TEST_F(Faults, AFailedSessionIsClosedAndReplaced) {
  const std::size_t opened = shim::calls("C_OpenSession");
  const std::size_t closed = shim::calls("C_CloseSession");
  shim::fail_nth("C_Encrypt", 1, CKR_ARGUMENTS_BAD);
  EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "internal");
  EXPECT_EQ(shim::calls("C_CloseSession"), closed + 1);
  EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "ok");
  EXPECT_EQ(shim::calls("C_OpenSession"), opened + 1);
}

TEST_F(Faults, TamperingIsCorruptBecauseTheCanaryOpens) {
  const auto refused = token_->unwrap(kek_, tampered(), aad_);
  ASSERT_EQ(code_of_result(refused), "corrupt");
  EXPECT_EQ(refused.error().cause, "C_Decrypt: CKR_GENERAL_ERROR");
}

TEST_F(Faults, AFailingDeviceIsUnavailableNeverCorrupt) {
  for (const CK_RV rv : {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR,
                         CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_USER_NOT_LOGGED_IN}) {
    shim::fail_always("C_Decrypt", rv);
    EXPECT_EQ(code_of_result(unwrap()), "unavailable") << rv;
    EXPECT_EQ(code_of_result(token_->unwrap(kek_, tampered(), aad_)), "unavailable") << rv;
    shim::fail_always("C_Decrypt", std::nullopt);
    EXPECT_EQ(code_of_result(unwrap()), "ok") << rv;
  }
}

TEST_F(Faults, AMomentOfWeaknessIsNotCorruption) {
  shim::fail_nth("C_Decrypt", 1, CKR_GENERAL_ERROR);
  EXPECT_EQ(code_of_result(unwrap()), "ok");
  shim::fail_nth("C_DecryptInit", 1, CKR_DEVICE_ERROR);
  EXPECT_EQ(code_of_result(unwrap()), "ok");
}

TEST_F(Faults, ATokenThatSaysEncryptedDataInvalidIsBelieved) {
  shim::fail_nth("C_Decrypt", 1, CKR_ENCRYPTED_DATA_INVALID);
  const std::size_t before = shim::calls("C_Decrypt");
  EXPECT_EQ(code_of_result(unwrap()), "corrupt");
  EXPECT_EQ(shim::calls("C_Decrypt"), before + 1);
}

TEST_F(Faults, ADeadSessionIsReplacedWithoutTheCallerSeeing) {
  for (const CK_RV rv : {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED}) {
    shim::fail_nth("C_DecryptInit", 1, rv);
    EXPECT_EQ(code_of_result(unwrap()), "ok") << rv;
    shim::fail_nth("C_Encrypt", 1, rv);
    EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "ok") << rv;
    shim::fail_nth("C_GenerateRandom", 1, rv);
    EXPECT_EQ(code_of_result(token_->random(16)), "ok") << rv;
    shim::fail_nth("C_FindObjectsInit", 1, rv);
    EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "ok") << rv;
  }
}

TEST_F(Faults, SessionsThatKeepDyingEndInUnavailable) {
  shim::fail_always("C_DecryptInit", CKR_SESSION_CLOSED);
  const std::size_t before = shim::calls("C_DecryptInit");
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  EXPECT_LE(shim::calls("C_DecryptInit"), before + 4);
}

TEST_F(Faults, AStaleHandleIsLookedUpAgain) {
  const std::size_t finds = shim::calls("C_FindObjectsInit");
  shim::fail_nth("C_DecryptInit", 1, CKR_OBJECT_HANDLE_INVALID);
  EXPECT_EQ(code_of_result(unwrap()), "ok");
  EXPECT_EQ(shim::calls("C_FindObjectsInit"), finds + 1);
  shim::fail_nth("C_EncryptInit", 1, CKR_KEY_HANDLE_INVALID);
  EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "ok");
}

TEST_F(Faults, OkWithTheWrongLengthIsNotBelieved) {
  generate_sign_key();
  const auto shorten = [](CK_RV&, CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG, CK_BYTE*,
                          CK_ULONG* written) { --*written; };
  const std::size_t closed = shim::calls("C_CloseSession");
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after = shorten;
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after = nullptr;
  shim::Hook<& CK_FUNCTION_LIST::C_Encrypt>::after = shorten;
  EXPECT_EQ(code_of_result(token_->wrap(kek_, secret("x"), aad_)), "unavailable");
  shim::Hook<& CK_FUNCTION_LIST::C_Encrypt>::after = nullptr;
  shim::Hook<& CK_FUNCTION_LIST::C_Sign>::after = shorten;
  EXPECT_EQ(code_of_result(token_->sign(sign_, aad_)), "unavailable");
  EXPECT_EQ(shim::calls("C_CloseSession"), closed + 4) << "the canary of the unwrap, too";
}

TEST_F(Faults, RandomBytesThatWereNeverWrittenAreNoticed) {
  shim::Hook<& CK_FUNCTION_LIST::C_GenerateRandom>::after =
      [](CK_RV&, CK_SESSION_HANDLE, CK_BYTE* out, CK_ULONG size) { std::memset(out, 0, size); };
  EXPECT_EQ(code_of_result(token_->random(32)), "unavailable");
}

TEST_F(Faults, ATokenThatOpensWhatWasTamperedWithIsRefused) {
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after =
      [](CK_RV& rv, CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG size, CK_BYTE*, CK_ULONG* written) {
        rv = CKR_OK;
        *written = size - 16;
      };
  const auto refused = token_->verify(KeyRole::kek, kek_);
  ASSERT_EQ(code_of_result(refused), "precondition");
  EXPECT_NE(refused.error().text.find("tampered"), std::string::npos);
}

TEST_F(Faults, ATokenThatGivesOtherBytesThanItGotIsRefused) {
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after =
      [](CK_RV&, CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG, CK_BYTE* out, CK_ULONG*) { out[0] ^= 1U; };
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "unavailable");
}

TEST_F(Faults, ASignatureThatThePublicKeyDoesntVerifyIsRefused) {
  generate_sign_key();
  shim::Hook<& CK_FUNCTION_LIST::C_Sign>::after = [](CK_RV&, CK_SESSION_HANDLE, CK_BYTE*, CK_ULONG,
                                                     CK_BYTE* out, CK_ULONG*) { out[5] ^= 1U; };
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::sign, sign_)), "precondition");
}

TEST_F(Faults, AKeyThatFailsItsProofIsDestroyedAgain) {
  const KeyRef fresh = key_ref("fresh");
  shim::fail_nth("C_Encrypt", 1, CKR_DEVICE_MEMORY);
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::kek, fresh, "x")), "resource_exhausted");
  EXPECT_EQ(shim::calls("C_DestroyObject"), 1U);
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, fresh)), "not_found");
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::kek, fresh, "x")), "ok");

  const KeyRef pair = key_ref("pair");
  shim::fail_nth("C_Sign", 1, CKR_DEVICE_ERROR);
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::sign, pair, "x")), "unavailable");
  EXPECT_EQ(shim::calls("C_DestroyObject"), 3U);
  EXPECT_EQ(code_of_result(token_->generate(KeyRole::sign, pair, "x")), "ok");
}

TEST_F(Faults, ADirectoryThatCantBeSyncedFailsGenerate) {
  config_.sync_directory = "/nonexistent";
  ASSERT_NO_FATAL_FAILURE(open());
  const auto made = token_->generate(KeyRole::kek, key_ref("fresh"), "x");
  ASSERT_EQ(code_of_result(made), "unavailable");
  EXPECT_NE(made.error().text.find("sync"), std::string::npos);
}

TEST_F(Faults, ATokenThatDoesntKnowAllowedMechanismsGetsAKeyWithout) {
  // As NSS and openCryptoki: refused in a template, unknown when read.
  std::size_t refused = 0;
  shim::Hook<& CK_FUNCTION_LIST::C_GenerateKey>::after =
      [&refused](CK_RV& rv, CK_SESSION_HANDLE session, CK_MECHANISM*, CK_ATTRIBUTE* wanted,
                 CK_ULONG count, CK_OBJECT_HANDLE* key) {
        for (CK_ULONG i = 0; i < count; ++i) {
          if (wanted[i].type != CKA_ALLOWED_MECHANISMS) continue;
          shim::real().C_DestroyObject(session, *key);
          rv = CKR_ATTRIBUTE_TYPE_INVALID;
          ++refused;
        }
      };
  shim::Hook<& CK_FUNCTION_LIST::C_GetAttributeValue>::after =
      [](CK_RV& rv, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE* asked, CK_ULONG) {
        if (asked->type == CKA_ALLOWED_MECHANISMS) rv = CKR_ATTRIBUTE_TYPE_INVALID;
      };
  const auto made = token_->generate(KeyRole::kek, key_ref("fresh"), "x");
  EXPECT_EQ(code_of_result(made), "ok") << text_of_result(made);
  EXPECT_EQ(refused, 1U);
  EXPECT_EQ(code_of_result(token_->wrap(key_ref("fresh"), secret("x"), aad_)), "ok");
}

TEST_F(Faults, APulledTokenIsUnavailableUntilItIsOpenedAgain) {
  const std::string away = directory_->path() + "/away";
  std::filesystem::rename(directory_->tokens_path(), away);
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "unavailable");
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, key_ref("never there"))), "unavailable");
  EXPECT_EQ(code_of_result(token_->info()), "unavailable");
  // SoftHSM finds nothing for ever after, and says CKR_OK: this must not read as a deleted key.
  std::filesystem::rename(away, directory_->tokens_path());
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(code_of_result(unwrap()), "ok");
}

TEST_F(Faults, ALostLoginIsUnavailableNotAMissingKey) {
  CK_SESSION_HANDLE session = 0;
  ASSERT_EQ(shim::real().C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session),
            CKR_OK);
  ASSERT_EQ(shim::real().C_Logout(session), CKR_OK);
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, key_ref("never there"))), "unavailable");
  EXPECT_EQ(shim::calls("C_Login"), 1U) << "no PIN is kept to log in again with";
}

TEST_F(Faults, AKeyThatWasThereIsNeverSaidToBeMissing) {
  CK_SESSION_HANDLE session = 0;
  ASSERT_EQ(shim::real().C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                       &session),
            CKR_OK);
  CK_ATTRIBUTE wanted{CKA_ID, in(kek_.id), kek_.id.size()};
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG found = 0;
  ASSERT_EQ(shim::real().C_FindObjectsInit(session, &wanted, 1), CKR_OK);
  ASSERT_EQ(shim::real().C_FindObjects(session, &object, 1, &found), CKR_OK);
  ASSERT_EQ(shim::real().C_FindObjectsFinal(session), CKR_OK);
  ASSERT_EQ(found, 1U);
  ASSERT_EQ(shim::real().C_DestroyObject(session, object), CKR_OK);
  EXPECT_EQ(code_of_result(unwrap()), "unavailable");
  EXPECT_EQ(code_of_result(token_->verify(KeyRole::kek, kek_)), "unavailable");
  // A fresh look, after C_Finalize, may say so.
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_EQ(code_of_result(unwrap()), "not_found");
}

TEST_F(Faults, AnotherTokenInTheSlotIsNotOurs) {
  shim::Hook<& CK_FUNCTION_LIST::C_GetTokenInfo>::after =
      [](CK_RV&, CK_SLOT_ID, CK_TOKEN_INFO* info) { info->serialNumber[0] = '?'; };
  EXPECT_EQ(code_of_result(token_->info()), "unavailable");
}

TEST_F(Faults, AHangingTokenHoldsItsOwnCallersOnly) {
  config_.max_sessions = 1;
  config_.session_wait = std::chrono::milliseconds(50);
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_EQ(code_of_result(unwrap()), "ok");
  std::atomic<bool> inside{false};
  std::atomic<bool> release{false};
  shim::Hook<& CK_FUNCTION_LIST::C_Decrypt>::after = [&](CK_RV&, CK_SESSION_HANDLE, CK_BYTE*,
                                                         CK_ULONG, CK_BYTE*, CK_ULONG*) {
    inside = true;
    while (!release) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  std::thread stuck([&] { EXPECT_EQ(code_of_result(unwrap()), "ok"); });
  while (!inside) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(code_of_result(token_->random(8)), "resource_exhausted");
  release = true;
  stuck.join();
  EXPECT_EQ(code_of_result(token_->random(8)), "ok");
}

TEST_F(Faults, AForkedChildGetsNothingAndHarmsNothing) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool refused = code_of_result(unwrap()) == "unavailable" &&
                         code_of_result(token_->random(8)) == "unavailable" &&
                         code_of_result(token_->info()) == "unavailable";
    const std::size_t before = shim::calls("C_Finalize") + shim::calls("C_CloseSession");
    token_.reset();
    const bool silent = shim::calls("C_Finalize") + shim::calls("C_CloseSession") == before;
    ::_exit(refused && silent ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(code_of_result(unwrap()), "ok");
}

TEST_F(Faults, EverySessionIsClosedBeforeFinalize) {
  bool finalised_early = false;
  shim::Hook<& CK_FUNCTION_LIST::C_Finalize>::after = [&](CK_RV&, void*) {
    finalised_early = shim::calls("C_CloseSession") != shim::calls("C_OpenSession");
  };
  token_.reset();
  EXPECT_EQ(shim::calls("C_Finalize"), 1U);
  EXPECT_FALSE(finalised_early);
  EXPECT_EQ(shim::calls("C_Logout"), 0U) << "the login ends with the last session";
}

using TokenAtExit = ShimmedToken;

// SoftHSM's own statics are gone by then: C_Finalize would crash.
TEST_F(TokenAtExit, AStaticTokenDoesntCrashTheProcess) {
  EXPECT_EXIT(
      {
        static std::unique_ptr<Token> leftover;
        auto opened = directory_->open();
        if (!opened.ok()) std::exit(2);
        leftover = *std::move(opened);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace coffer::pkcs11
