// The keeper over SoftHSM through the fault-injecting module, and over SoftHSM alone: what each
// failure of reference D12 comes to, and that it heals without a login too many.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "coffer/pkcs11/token_keeper.h"
#include "fakes/faulty_module.h"
#include "fakes/softhsm.h"

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KeptToken : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    faults_.set({});
    auto made = fakes::SoftHsmDirectory::create();
    ASSERT_TRUE(made.ok()) << describe(made.error());
    directory_ = *std::move(made);
    config_ = directory_->config();
    config_.session_wait = milliseconds(200);
  }
  void TearDown() override {
    faults_.set({});
    keeper_.reset();
  }
  void open(const std::string& module) {
    config_.module_path = module;
    auto opened = source_->open(config_, directory_->pin());
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    KeeperOptions options;
    options.canary_every = milliseconds(50);
    options.drain = milliseconds(100);
    options.pin_tries_every = pin_tries_every_;
    auto made = TokenKeeper::make(*source_, *std::move(opened), system_clock(), options);
    ASSERT_TRUE(made.ok()) << describe(made.error());
    keeper_ = *std::move(made);
    ASSERT_TRUE(keeper_->generate(KeyRole::kek, kek_, "kek").ok());
    ASSERT_TRUE(keeper_->generate(KeyRole::sign, sign_, "sign").ok());
    ASSERT_TRUE(keeper_->watch({{KeyRole::kek, kek_}, {KeyRole::sign, sign_}}).ok());
    auto wrapped = wrap();
    ASSERT_TRUE(wrapped.ok()) << describe(wrapped.error());
    blob_ = *std::move(wrapped);
  }
  Result<Bytes> wrap() {
    const auto key = SecureBytes::copy_of(as_bytes("a data key"));
    return keeper_->wrap(kek_, *key, aad_);
  }
  /// "ok", the code, or "wrong plaintext".
  std::string unwrap(const Bytes& blob) {
    const auto opened = keeper_->unwrap(kek_, blob, aad_);
    if (!opened.ok()) return std::string(to_string(opened.error().code));
    const auto seen = as_text(opened->expose(Reveal{"a test compares"}));
    return seen == "a data key" ? "ok" : "wrong plaintext";
  }
  TokenState state() { return keeper_->health().state; }
  template <typename Condition>
  static bool within(milliseconds limit, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
  }
  bool back_within_five_seconds() {
    return within(seconds(5), [&] { return unwrap(blob_) == "ok" && wrap().ok(); });
  }

  seconds pin_tries_every_{60};
  fakes::FaultyModule& faults_ = fakes::FaultyModule::get();
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
  TokenConfig config_;
  std::unique_ptr<TokenSource> source_ = in_process_source();
  std::unique_ptr<TokenKeeper> keeper_;
  const KeyRef kek_{{1}};
  const KeyRef sign_{{2}};
  const Bytes aad_{1, 2, 3};
  Bytes blob_;
};

struct DeviceFault {
  const char* name;
  const char* rules;
  const char* seen;  ///< "" if nobody sees the module's word
};

class KeptThroughFault : public KeptToken, public testing::WithParamInterface<DeviceFault> {};

/// Every call of the kind fails: it goes down, and is back when the fault is over.
TEST_P(KeptThroughFault, GoesDownAndComesBackWithoutALoginTooMany) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  const auto failed_logins = faults_.failed("C_Login");
  faults_.set(GetParam().rules);
  EXPECT_TRUE(within(seconds(5), [&] { return state() == TokenState::down; }));
  for (int call = 0; call < 3; ++call) {
    const auto answer = keeper_->unwrap(kek_, blob_, aad_);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  }
  EXPECT_EQ(keeper_->health().last_error, GetParam().seen);
  faults_.set({});
  EXPECT_TRUE(back_within_five_seconds()) << keeper_->health().reason;
  EXPECT_GE(keeper_->health().reopenings, 1U);
  EXPECT_EQ(faults_.failed("C_Login"), failed_logins);
}

INSTANTIATE_TEST_SUITE_P(
    D12, KeptThroughFault,
    testing::Values(
        DeviceFault{"DeviceRemoved", "C_DecryptInit,C_Decrypt: CKR_DEVICE_REMOVED\n",
                    "CKR_DEVICE_REMOVED"},
        DeviceFault{"DeviceError", "C_Decrypt: CKR_DEVICE_ERROR\n", "CKR_DEVICE_ERROR"},
        DeviceFault{"DeviceMemory", "C_Decrypt: CKR_DEVICE_MEMORY\n", "CKR_DEVICE_MEMORY"},
        DeviceFault{
            "TokenNotPresent",
            "C_GetTokenInfo,C_OpenSession,C_EncryptInit,C_DecryptInit: CKR_TOKEN_NOT_PRESENT\n",
            "CKR_TOKEN_NOT_PRESENT"},
        DeviceFault{"SessionHandleInvalid", "C_DecryptInit: CKR_SESSION_HANDLE_INVALID\n",
                    "CKR_SESSION_HANDLE_INVALID"},
        DeviceFault{"SessionClosed", "C_DecryptInit: CKR_SESSION_CLOSED\n", "CKR_SESSION_CLOSED"},
        DeviceFault{"ObjectHandleInvalid", "C_DecryptInit: CKR_OBJECT_HANDLE_INVALID\n",
                    "CKR_OBJECT_HANDLE_INVALID"},
        DeviceFault{"UserNotLoggedIn", "C_DecryptInit: CKR_USER_NOT_LOGGED_IN\n",
                    "CKR_USER_NOT_LOGGED_IN"},
        DeviceFault{"PinLocked", "C_DecryptInit: CKR_PIN_LOCKED\n", "CKR_PIN_LOCKED"},
        DeviceFault{"HostMemory", "C_Decrypt: CKR_HOST_MEMORY\n", "CKR_HOST_MEMORY"},
        DeviceFault{"BufferTooSmall", "C_Decrypt: CKR_BUFFER_TOO_SMALL\n", "CKR_BUFFER_TOO_SMALL"},
        DeviceFault{"FunctionFailed", "C_Decrypt: CKR_FUNCTION_FAILED\n", "CKR_FUNCTION_FAILED"},
        DeviceFault{"GeneralError", "C_Decrypt: CKR_GENERAL_ERROR\n", "CKR_GENERAL_ERROR"},
        DeviceFault{"NotInitialized", "C_DecryptInit: CKR_CRYPTOKI_NOT_INITIALIZED\n",
                    "CKR_CRYPTOKI_NOT_INITIALIZED"},
        DeviceFault{"VendorDefined", "C_Decrypt: 0x80000017\n", "CK_RV 0x80000017"},
        DeviceFault{"Garbage", "C_Decrypt: garble\n", ""},
        DeviceFault{"ShortOutput", "C_Decrypt: short 1\n", ""},
        DeviceFault{"Sigpipe", "C_Decrypt: sigpipe\n", "CKR_DEVICE_ERROR"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST_F(KeptToken, ALostLoginIsMadeAgain) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  const auto logins = faults_.calls("C_Login");
  const auto failed = faults_.failed("C_Login");
  faults_.set("C_DecryptInit from 1 to 3: CKR_USER_NOT_LOGGED_IN\n");
  EXPECT_TRUE(within(seconds(5), [&] { return keeper_->health().reopenings >= 1; }));
  EXPECT_TRUE(back_within_five_seconds());
  EXPECT_GT(faults_.calls("C_Login"), logins);
  EXPECT_EQ(faults_.failed("C_Login"), failed);
}

TEST_F(KeptToken, AKeyThatIsNotFoundAnyMoreIsATokenThatIsAway) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  faults_.set("C_FindObjects: none\nC_DecryptInit: CKR_OBJECT_HANDLE_INVALID\n");
  EXPECT_TRUE(within(seconds(5), [&] { return state() == TokenState::down; }));
  EXPECT_EQ(unwrap(blob_), "unavailable");
  EXPECT_EQ(keeper_->verify(KeyRole::kek, kek_).error().code, ErrorCode::unavailable);
  faults_.set({});
  EXPECT_TRUE(back_within_five_seconds());
}

TEST_F(KeptToken, AWrapThatDoesntOpenIsNeverGivenOut) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  faults_.set("C_Encrypt: garble\n");
  for (int time = 0; time < 3; ++time) {
    const auto wrapped = wrap();
    ASSERT_FALSE(wrapped.ok()) << "a secret under it would be lost";
    EXPECT_EQ(wrapped.error().code, ErrorCode::unavailable);
  }
  faults_.set({});
  const auto wrapped = wrap();
  ASSERT_TRUE(wrapped.ok());
  EXPECT_EQ(unwrap(*wrapped), "ok");
}

TEST_F(KeptToken, APinThatIsRefusedWhenItComesBackIsTriedOnce) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  const auto failed = faults_.failed("C_Login");
  faults_.set("C_Login: CKR_PIN_INCORRECT\nC_Decrypt from 1 to 20: CKR_DEVICE_REMOVED\n");
  EXPECT_TRUE(within(seconds(10),
                     [&] { return state() == TokenState::down && !keeper_->health().trying; }));
  EXPECT_EQ(keeper_->health().reason, "PIN refused: wrong PIN");
  faults_.set({});
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(faults_.failed("C_Login"), failed + 1);
  EXPECT_EQ(unwrap(blob_), "unavailable");
}

TEST_F(KeptToken, NoLoginIsTriedWhenOneTryIsLeft) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  const auto logins = faults_.calls("C_Login");
  faults_.set("*: flags FINAL_TRY\nC_Decrypt from 1 to 20: CKR_DEVICE_REMOVED\n");
  EXPECT_TRUE(within(seconds(10),
                     [&] { return state() == TokenState::down && !keeper_->health().trying; }));
  EXPECT_EQ(faults_.calls("C_Login"), logins);
  EXPECT_NE(keeper_->health().reason.find("one PIN try left"), std::string::npos);
}

TEST_F(KeptToken, FewPinTriesAreDegraded) {
  pin_tries_every_ = seconds(0);
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  EXPECT_EQ(state(), TokenState::up);
  faults_.set("*: flags COUNT_LOW\n");
  EXPECT_TRUE(within(seconds(10), [&] { return state() == TokenState::degraded; }));
  EXPECT_EQ(unwrap(blob_), "ok");
  faults_.set({});
  EXPECT_TRUE(within(seconds(10), [&] { return state() == TokenState::up; }));
}

TEST_F(KeptToken, AnAttributeThatChangedEndsService) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  faults_.set("*: attribute 0x162 01\nC_Decrypt from 1 to 20: CKR_DEVICE_REMOVED\n");
  EXPECT_TRUE(within(seconds(10),
                     [&] { return state() == TokenState::down && !keeper_->health().trying; }));
  EXPECT_NE(keeper_->health().reason.find("CKA_EXTRACTABLE"), std::string::npos)
      << keeper_->health().reason;
}

TEST_F(KeptToken, AHangIsDownForAllWhoComeAfter) {
  ASSERT_NO_FATAL_FAILURE(open(faults_.path()));
  faults_.set("C_Decrypt: hang\n");
  EXPECT_TRUE(within(seconds(6), [&] { return state() == TokenState::down; }));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(unwrap(blob_), "unavailable");
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(100));
  faults_.set({});
  EXPECT_TRUE(back_within_five_seconds());
}

/// Without any module of ours: SoftHSM finds nothing and says CKR_OK, for ever, until it is
/// initialised anew.
TEST_F(KeptToken, ADirectoryThatIsMovedAwayAndBack) {
  ASSERT_NO_FATAL_FAILURE(open(fakes::kSoftHsmModule));
  const std::string tokens = directory_->tokens_path();
  for (int time = 0; time < 2; ++time) {
    std::filesystem::rename(tokens, tokens + ".away");
    EXPECT_TRUE(within(seconds(5), [&] { return state() == TokenState::down; }));
    EXPECT_EQ(unwrap(blob_), "unavailable");
    std::filesystem::rename(tokens + ".away", tokens);
    EXPECT_TRUE(back_within_five_seconds()) << keeper_->health().reason;
  }
  EXPECT_EQ(keeper_->health().reopenings, 2U);
}

}  // namespace
}  // namespace coffer::pkcs11
