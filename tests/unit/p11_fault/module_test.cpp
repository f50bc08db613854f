// The fault-injecting module in front of SoftHSM: what it does, seen through a Token.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <future>

#include "coffer/pkcs11/token.h"
#include "fakes/faulty_module.h"
#include "fakes/softhsm.h"
#include "pkcs11/src/module.h"
#include "pkcs11/src/session.h"
#include "pkcs11/src/slots.h"

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class FaultyModuleTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    faults_.set({});
    auto made = fakes::SoftHsmDirectory::create();
    ASSERT_TRUE(made.ok()) << describe(made.error());
    directory_ = *std::move(made);
    config_ = directory_->config();
    config_.module_path = faults_.path();
    config_.session_wait = milliseconds(100);
  }
  void TearDown() override {
    faults_.set({});
    token_.reset();
  }
  void open() {
    auto opened = open_token(config_, directory_->pin());
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    token_ = *std::move(opened);
    ASSERT_TRUE(token_->generate(KeyRole::kek, kek_, "kek of the vault").ok());
    ASSERT_TRUE(token_->generate(KeyRole::sign, sign_, "sign").ok());
    auto wrapped = wrap();
    ASSERT_TRUE(wrapped.ok()) << describe(wrapped.error());
    blob_ = *std::move(wrapped);
  }
  Result<Bytes> wrap() {
    const auto key = SecureBytes::copy_of(as_bytes("a data key"));
    return token_->wrap(kek_, *key, aad_);
  }
  /// "ok", or the code.
  std::string unwrap() {
    const auto opened = token_->unwrap(kek_, blob_, aad_);
    if (!opened.ok()) return std::string(to_string(opened.error().code));
    const auto seen = as_text(opened->expose(Reveal{"a test compares"}));
    return seen == "a data key" ? "ok" : "wrong plaintext";
  }

  fakes::FaultyModule& faults_ = fakes::FaultyModule::get();
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
  TokenConfig config_;
  std::unique_ptr<Token> token_;
  const KeyRef kek_{{1}};
  const KeyRef sign_{{2}};
  const Bytes aad_{1, 2, 3};
  Bytes blob_;
};

TEST_F(FaultyModuleTest, WithoutRulesItIsTheModuleBehind) {
  open();
  EXPECT_EQ(unwrap(), "ok");
  EXPECT_TRUE(token_->sign(sign_, aad_).ok());
  EXPECT_TRUE(token_->random(32).ok());
}

TEST_F(FaultyModuleTest, GivesTheCodeAndOnlyUntilTheScriptChanges) {
  open();
  faults_.set("C_Decrypt: CKR_DEVICE_REMOVED\n");
  const auto gone = token_->unwrap(kek_, blob_, aad_);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().cause, "C_Decrypt: CKR_DEVICE_REMOVED");
  faults_.set({});
  EXPECT_EQ(unwrap(), "ok");
}

TEST_F(FaultyModuleTest, CountsCallsFromWhenTheScriptWasRead) {
  open();
  EXPECT_EQ(unwrap(), "ok");
  faults_.set("C_Decrypt nth 2: CKR_DEVICE_REMOVED\n");
  EXPECT_EQ(unwrap(), "ok");
  EXPECT_EQ(unwrap(), "unavailable");
  EXPECT_EQ(unwrap(), "ok");
}

TEST_F(FaultyModuleTest, CountsLoginsThatSucceededAndThatFailed) {
  const auto calls = faults_.calls("C_Login");
  const auto failed = faults_.failed("C_Login");
  open();
  EXPECT_EQ(faults_.calls("C_Login"), calls + 1);
  EXPECT_EQ(faults_.failed("C_Login"), failed);
  token_.reset();
  const auto wrong = fakes::random_pin(9);
  EXPECT_FALSE(open_token(config_, *wrong).ok());
  EXPECT_EQ(faults_.calls("C_Login"), calls + 2);
  EXPECT_EQ(faults_.failed("C_Login"), failed + 1);
}

TEST_F(FaultyModuleTest, AnInjectedFailureCountsAsFailed) {
  open();
  const auto failed = faults_.failed("C_Sign");
  faults_.set("C_Sign: CKR_PIN_LOCKED\n");
  EXPECT_FALSE(token_->sign(sign_, aad_).ok());
  EXPECT_EQ(faults_.failed("C_Sign"), failed + 1);
}

TEST_F(FaultyModuleTest, AfterMeansThatTheCallWasMade) {
  open();
  faults_.set("C_GenerateKey: after CKR_DEVICE_ERROR\n");
  const KeyRef key{{9}};
  EXPECT_FALSE(token_->generate(KeyRole::kek, key, "x").ok());
  faults_.set({});
  EXPECT_TRUE(token_->verify(KeyRole::kek, key).ok()) << "the key is on the token";
}

TEST_F(FaultyModuleTest, Delays) {
  open();
  faults_.set("C_Decrypt: delay 80\n");
  const auto start = steady_clock::now();
  EXPECT_EQ(unwrap(), "ok");
  EXPECT_GE(steady_clock::now() - start, milliseconds(80));
}

TEST_F(FaultyModuleTest, HangsUntilTheScriptChanges) {
  open();
  faults_.set("C_Decrypt: hang\n");
  auto waiting = std::async(std::launch::async, [this] { return unwrap(); });
  EXPECT_EQ(waiting.wait_for(milliseconds(150)), std::future_status::timeout);
  faults_.set({});
  EXPECT_EQ(waiting.get(), "ok");
}

TEST_F(FaultyModuleTest, Crashes) {
  open();
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  faults_.set("C_GenerateRandom nth 2: crash\n");
  EXPECT_EXIT(
      {
        static_cast<void>(token_->random(8));
        static_cast<void>(token_->random(8));
      },
      testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(FaultyModuleTest, WritesToAClosedPipe) {
  open();
  faults_.set("C_GenerateRandom: sigpipe\n");
  const auto drawn = token_->random(8);
  ASSERT_FALSE(drawn.ok()) << "ignored, it is a failing device";
  EXPECT_EQ(drawn.error().cause, "C_GenerateRandom: CKR_DEVICE_ERROR");
}

TEST_F(FaultyModuleTest, ShortensAndGarblesWhatComesOut) {
  open();
  faults_.set("C_Decrypt: short 1\n");
  EXPECT_EQ(unwrap(), "unavailable");
  faults_.set("C_Decrypt nth 1: garble\n");
  EXPECT_EQ(unwrap(), "wrong plaintext") << "a Token alone can't know";
  faults_.set("C_GenerateRandom: zero\n");
  EXPECT_FALSE(token_->random(32).ok());
}

TEST_F(FaultyModuleTest, DropsObjects) {
  open();
  faults_.set("C_FindObjects: none\n");
  EXPECT_FALSE(token_->verify(KeyRole::kek, kek_).ok());
  faults_.set({});
  EXPECT_TRUE(token_->verify(KeyRole::kek, kek_).ok());
}

TEST_F(FaultyModuleTest, PutsAnotherTokenIntoTheSlot) {
  open();
  faults_.set("*: serial 0000000000000bad\n");
  const auto info = token_->info();
  ASSERT_FALSE(info.ok());
  EXPECT_EQ(info.error().code, ErrorCode::unavailable);
}

TEST_F(FaultyModuleTest, SaysThatFewTriesAreLeft) {
  faults_.set("*: flags FINAL_TRY\n");
  const auto before = faults_.calls("C_Login");
  const auto opened = open_token(config_, directory_->pin());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().cause, "CKF_USER_PIN_FINAL_TRY");
  EXPECT_EQ(faults_.calls("C_Login"), before);
}

TEST_F(FaultyModuleTest, HasNoMoreSessionsThanItSays) {
  open();
  faults_.set("*: sessions 1\n");
  token_.reset();
  auto opened = open_token(config_, directory_->pin());
  ASSERT_TRUE(opened.ok());
  const auto drawn = (*opened)->random(8);
  ASSERT_FALSE(drawn.ok());
  EXPECT_EQ(drawn.error().cause, "C_OpenSession: CKR_SESSION_COUNT");
}

TEST_F(FaultyModuleTest, ShowsAttributesAsTheyArent) {
  open();
  faults_.set("*: attribute 0x162 01\n");
  const auto verified = token_->verify(KeyRole::kek, kek_);
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::precondition);
  EXPECT_NE(verified.error().text.find("CKA_EXTRACTABLE"), std::string::npos);
}

TEST_F(FaultyModuleTest, AScriptWithATypoFailsEverything) {
  open();
  faults_.set("C_Decrpyt: hang\n");
  const auto drawn = token_->random(8);
  ASSERT_FALSE(drawn.ok());
  EXPECT_EQ(drawn.error().cause, "C_GenerateRandom: CKR_ARGUMENTS_BAD");
}

/// Below the Token: what it doesn't do yet, or never should.
class FaultyCalls : public FaultyModuleTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FaultyModuleTest::SetUp());
    auto loaded = Module::load(config_.module_path);
    ASSERT_TRUE(loaded.ok()) << describe(loaded.error());
    module_ = *std::move(loaded);
    ASSERT_TRUE(module_->initialise().ok());
    const auto uri = TokenUri::parse(config_.uri);
    const auto slot = find_token(*module_, *uri);
    ASSERT_TRUE(slot.ok());
    const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    ASSERT_EQ(p11().C_OpenSession(*slot, flags, nullptr, nullptr, &session_), CKR_OK);
    const auto pin = directory_->pin().expose(Reveal{"a test logs in"});
    ASSERT_EQ(p11().C_Login(session_, CKU_USER, in(pin), pin.size()), CKR_OK);
  }
  void TearDown() override {
    module_.reset();
    FaultyModuleTest::TearDown();
  }
  const CK_FUNCTION_LIST& p11() { return module_->functions(); }

  CK_OBJECT_HANDLE make_aes_key(std::string_view label) {
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG size = 32;
    CK_ATTRIBUTE attributes[] = {{CKA_VALUE_LEN, &size, sizeof size},
                                 {CKA_ENCRYPT, &yes, sizeof yes},
                                 {CKA_DECRYPT, &yes, sizeof yes},
                                 {CKA_LABEL, in(as_bytes(label)), label.size()}};
    CK_OBJECT_HANDLE key = 0;
    EXPECT_EQ(p11().C_GenerateKey(session_, &mechanism, attributes, 4, &key), CKR_OK);
    return key;
  }
  CK_MECHANISM gcm(Bytes& iv) {
    params_ = {};
    params_.pIv = iv.data();
    params_.ulIvLen = iv.size();
    params_.ulIvBits = iv.size() * 8;
    params_.ulTagBits = 128;
    return {CKM_AES_GCM, &params_, sizeof params_};
  }
  Bytes encrypt(CK_OBJECT_HANDLE key, Bytes& iv, Bytes plain) {
    CK_MECHANISM mechanism = gcm(iv);
    EXPECT_EQ(p11().C_EncryptInit(session_, &mechanism, key), CKR_OK);
    Bytes out(100);
    CK_ULONG size = out.size();
    EXPECT_EQ(p11().C_Encrypt(session_, plain.data(), plain.size(), out.data(), &size), CKR_OK);
    out.resize(size);
    return out;
  }
  Bytes decrypt(CK_OBJECT_HANDLE key, Bytes& iv, Bytes sealed) {
    CK_MECHANISM mechanism = gcm(iv);
    EXPECT_EQ(p11().C_DecryptInit(session_, &mechanism, key), CKR_OK);
    Bytes out(100);
    CK_ULONG size = out.size();
    EXPECT_EQ(p11().C_Decrypt(session_, sealed.data(), sealed.size(), out.data(), &size), CKR_OK);
    out.resize(size);
    return out;
  }

  std::unique_ptr<Module> module_;
  CK_SESSION_HANDLE session_ = 0;
  CK_GCM_PARAMS params_{};
};

TEST_F(FaultyCalls, AnIvOfTheTokensStandsBehindTheTag) {
  const CK_OBJECT_HANDLE key = make_aes_key("k");
  const Bytes plain{1, 2, 3, 4};
  Bytes ours(12, 7);
  faults_.set("*: iv-appended\n");
  const Bytes sealed = encrypt(key, ours, plain);
  ASSERT_EQ(sealed.size(), plain.size() + 16 + 12);
  EXPECT_EQ(ours, Bytes(12, 7)) << "the caller's is neither used nor written";
  Bytes theirs(sealed.end() - 12, sealed.end());
  EXPECT_EQ(decrypt(key, theirs, Bytes(sealed.begin(), sealed.end() - 12)), plain)
      << "it is GCM under the IV that was appended";
}

TEST_F(FaultyCalls, AnIvOfTheTokensIsWrittenOverTheCallersZeros) {
  const CK_OBJECT_HANDLE key = make_aes_key("k");
  const Bytes plain{1, 2, 3, 4};
  Bytes iv(12, 0);
  faults_.set("*: iv-written-back\n");
  const Bytes sealed = encrypt(key, iv, plain);
  ASSERT_EQ(sealed.size(), plain.size() + 16);
  EXPECT_NE(iv, Bytes(12, 0));
  EXPECT_EQ(decrypt(key, iv, sealed), plain);
  CK_MECHANISM not_zero = gcm(iv);
  EXPECT_EQ(p11().C_EncryptInit(session_, &not_zero, key), CKR_MECHANISM_PARAM_INVALID);
}

TEST_F(FaultyCalls, LabelsAreCut) {
  faults_.set("*: labels 7\n");
  const CK_OBJECT_HANDLE key = make_aes_key("a long label");
  Bytes label(20);
  CK_ATTRIBUTE read{CKA_LABEL, label.data(), label.size()};
  ASSERT_EQ(p11().C_GetAttributeValue(session_, key, &read, 1), CKR_OK);
  label.resize(read.ulValueLen);
  EXPECT_EQ(as_text(label), "a long ");
}

}  // namespace
}  // namespace coffer::pkcs11
