// The supervisor and its workers as real processes, with a token that fails on request.
#include "coffer/pkcs11/supervisor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "coffer/pkcs11/remote_token.h"
#include "fakes/faulty_module.h"
#include "fakes/softhsm.h"

namespace coffer::pkcs11 {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Result<void> done(const auto& result) {
  return result.ok() ? Result<void>() : Result<void>(result.error());
}

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    faults_.set({});
    auto made = fakes::SoftHsmDirectory::create();
    ASSERT_TRUE(made.ok()) << describe(made.error());
    directory_ = *std::move(made);
    config_ = directory_->config();
    config_.module_path = faults_.path();
    config_.call_deadline = milliseconds(1000);
    supervise();
  }
  void TearDown() override {
    token_.reset();
    source_.reset();
    supervisor_.reset();
    faults_.set({});
  }
  /// As at a start of the daemon.
  void supervise() {
    token_.reset();
    source_.reset();
    supervisor_.reset();
    SupervisorConfig config;
    config.program = *program_beside_this("coffer-token");
    config.attempts_path = attempts();
    auto started = Supervisor::start(config);
    ASSERT_TRUE(started.ok()) << describe(started.error());
    supervisor_ = *std::move(started);
    source_ = supervisor_->source();
  }
  Result<void> open(const SecureBytes& pin) {
    token_.reset();
    COFFER_TRY(token_, source_->open(config_, pin));
    return {};
  }
  Result<void> reopen() {
    token_.reset();
    COFFER_TRY(token_, source_->reopen());
    return {};
  }
  void open_with_a_key() {
    const auto opened = open(directory_->pin());
    ASSERT_TRUE(opened.ok()) << describe(opened.error());
    ASSERT_TRUE(token_->generate(KeyRole::kek, key_, "kek").ok());
    auto wrapped = token_->wrap(key_, *SecureBytes::copy_of(as_bytes("a data key")), aad_);
    ASSERT_TRUE(wrapped.ok());
    wrapped_ = *std::move(wrapped);
  }
  Result<void> unwrap() { return done(token_->unwrap(key_, wrapped_, aad_)); }
  std::string attempts() const { return directory_->path() + "/pin-attempts"; }
  std::uintmax_t attempts_size() const { return std::filesystem::file_size(attempts()); }

  fakes::FaultyModule& faults_ = fakes::FaultyModule::get();
  std::unique_ptr<fakes::SoftHsmDirectory> directory_;
  TokenConfig config_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<TokenSource> source_;
  std::unique_ptr<Token> token_;
  const KeyRef key_{{1}};
  const Bytes aad_ = {1, 2, 3};
  Bytes wrapped_;
};

TEST_F(SupervisorTest, OpensATokenAndOpensItAgain) {
  open_with_a_key();
  EXPECT_TRUE(unwrap().ok());
  ASSERT_TRUE(reopen().ok());
  EXPECT_TRUE(unwrap().ok());
  EXPECT_EQ(attempts_size(), 0U) << "a PIN that was right leaves nothing behind";
}

TEST_F(SupervisorTest, ReopeningEndsTheWorkerThatThereIs) {
  open_with_a_key();
  const std::unique_ptr<Token> before = std::move(token_);
  ASSERT_TRUE(reopen().ok());
  EXPECT_EQ(before->info().error().code, ErrorCode::unavailable);
  EXPECT_TRUE(unwrap().ok());
}

TEST_F(SupervisorTest, AWrongPinIsTriedOnceWhateverIsRestarted) {
  config_.accept_low_pin_count = true;
  const auto wrong = fakes::random_pin(8);
  const auto refused = open(*wrong);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
  EXPECT_EQ(refused.error().cause, "C_Login: CKR_PIN_INCORRECT");
  const auto logins = faults_.calls("C_Login");
  for (int start = 0; start < 3; ++start) {
    supervise();
    const auto again = open(*wrong);
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, ErrorCode::permission_denied);
  }
  EXPECT_EQ(faults_.calls("C_Login"), logins);
  EXPECT_TRUE(open(directory_->pin()).ok()) << "another PIN may be tried";
  EXPECT_EQ(attempts_size(), 0U);
}

TEST_F(SupervisorTest, APinThatTurnsWrongIsForgotten) {
  open_with_a_key();
  faults_.set("C_Login: CKR_PIN_INCORRECT\n");
  EXPECT_EQ(reopen().error().code, ErrorCode::permission_denied);
  faults_.set({});
  EXPECT_EQ(reopen().error().code, ErrorCode::precondition);
  EXPECT_EQ(open(directory_->pin()).error().code, ErrorCode::permission_denied) << "it was refused";
}

/// The right PIN mustn't be locked out by what happened while it was tried.
TEST_F(SupervisorTest, AnAttemptThatWasCutShortIsMadeAgainIfTheTokenSawNoWrongPin) {
  for (const std::string_view fault : {"C_Login: crash\n", "C_Login: after CKR_DEVICE_ERROR\n"}) {
    faults_.set(fault);
    EXPECT_EQ(open(directory_->pin()).error().code, ErrorCode::unavailable) << fault;
    EXPECT_GT(attempts_size(), 0U) << fault;
    faults_.set({});
    supervise();
    const auto opened = open(directory_->pin());
    EXPECT_TRUE(opened.ok()) << fault << describe(opened.error());
    EXPECT_EQ(attempts_size(), 0U) << fault;
  }
}

TEST_F(SupervisorTest, AnAttemptThatWasCutShortIsNotMadeAgainIfTheTokenSawAWrongPin) {
  config_.accept_low_pin_count = true;
  faults_.set("C_Login: crash\n");
  EXPECT_EQ(open(directory_->pin()).error().code, ErrorCode::unavailable);
  const auto logins = faults_.calls("C_Login");
  faults_.set("C_GetTokenInfo: flags COUNT_LOW\n");
  supervise();
  EXPECT_EQ(open(directory_->pin()).error().code, ErrorCode::permission_denied);
  EXPECT_EQ(faults_.calls("C_Login"), logins);
  // Someone logged in by hand: the token has forgotten the wrong PINs.
  faults_.set({});
  EXPECT_TRUE(open(directory_->pin()).ok());
}

TEST_F(SupervisorTest, WhereNoLoginWasMadeNothingIsHeldAgainstThePin) {
  config_.accept_low_pin_count = true;
  const std::string there = std::exchange(config_.uri, "pkcs11:token=none");
  EXPECT_EQ(open(directory_->pin()).error().code, ErrorCode::not_found);
  EXPECT_EQ(attempts_size(), 0U);
  config_.uri = there;
  faults_.set("C_GetTokenInfo: flags COUNT_LOW\n");
  EXPECT_TRUE(open(directory_->pin()).ok());
}

TEST_F(SupervisorTest, AHangIsEndedByItsDeadlineAndHealedByReopening) {
  open_with_a_key();
  faults_.set("C_Decrypt: hang\n");
  const auto before = steady_clock::now();
  const auto hung = unwrap();
  ASSERT_FALSE(hung.ok());
  EXPECT_EQ(hung.error().code, ErrorCode::unavailable);
  EXPECT_LT(steady_clock::now() - before, milliseconds(1900));
  faults_.set({});
  ASSERT_TRUE(reopen().ok());
  EXPECT_TRUE(unwrap().ok());
}

TEST_F(SupervisorTest, ACrashOfTheModuleIsTheWorkersAlone) {
  open_with_a_key();
  for (const std::string_view fault : {"C_Decrypt: crash\n", "C_Decrypt: sigpipe\n"}) {
    faults_.set(fault);
    EXPECT_EQ(unwrap().error().code, ErrorCode::unavailable) << fault;
    faults_.set({});
    ASSERT_TRUE(reopen().ok()) << fault;
    EXPECT_TRUE(unwrap().ok()) << fault;
  }
}

TEST_F(SupervisorTest, AHangInTheLoginEndsByItsDeadline) {
  config_.call_deadline = milliseconds(100);
  faults_.set("C_Login: hang\n");
  const auto before = steady_clock::now();
  EXPECT_EQ(open(directory_->pin()).error().code, ErrorCode::unavailable);
  EXPECT_LT(steady_clock::now() - before, std::chrono::seconds(14));
  faults_.set({});
  EXPECT_TRUE(open(directory_->pin()).ok());
}

TEST_F(SupervisorTest, ForgetsThePinWhenTold) {
  open_with_a_key();
  source_->forget();
  EXPECT_EQ(reopen().error().code, ErrorCode::precondition);
  EXPECT_TRUE(open(directory_->pin()).ok());
}

TEST_F(SupervisorTest, ClosingAHungTokenTakesNoTime) {
  open_with_a_key();
  faults_.set("C_Decrypt: hang\n");
  std::thread caller([this] { EXPECT_FALSE(unwrap().ok()); });
  caller.join();
  const auto before = steady_clock::now();
  token_.reset();
  source_->forget();
  EXPECT_LT(steady_clock::now() - before, milliseconds(100));
}

TEST_F(SupervisorTest, HasSeveralTokensAtOnce) {
  open_with_a_key();
  const auto serial = directory_->add_token("second");
  ASSERT_TRUE(serial.ok());
  const auto other = supervisor_->source();
  TokenConfig config = config_;
  config.uri = "pkcs11:serial=" + *serial;
  const auto second = other->open(config, directory_->pin());
  ASSERT_TRUE(second.ok()) << describe(second.error());
  EXPECT_EQ((*second)->info()->serial, *serial);
  EXPECT_EQ((*second)->verify(KeyRole::kek, key_).error().code, ErrorCode::not_found);
  EXPECT_TRUE(unwrap().ok());
}

TEST_F(SupervisorTest, MakesATokenOutOfABlankOne) {
  const auto serial =
      supervisor_->initialise_token({.module_path = fakes::kSoftHsmModule,
                                     .label = "new",
                                     .sync_directory = directory_->tokens_path(),
                                     .so_pin = directory_->so_pin().expose(Reveal{"a test"}),
                                     .user_pin = directory_->pin().expose(Reveal{"a test"})});
  ASSERT_TRUE(serial.ok()) << describe(serial.error());
  config_.uri = "pkcs11:serial=" + *serial;
  ASSERT_TRUE(open(directory_->pin()).ok());
  EXPECT_EQ(token_->info()->label, "new");
}

TEST_F(SupervisorTest, LeavesNoProcessBehind) {
  open_with_a_key();
  token_.reset();
  source_.reset();
  supervisor_.reset();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(SupervisorStart, RefusesAProgramThatOthersCouldReplace) {
  const std::string path = std::filesystem::temp_directory_path() / "coffer-token-of-a-test";
  std::ofstream(path) << "#!/bin/sh\n";
  std::filesystem::permissions(path, std::filesystem::perms::all);
  SupervisorConfig config;
  config.program = path;
  EXPECT_EQ(Supervisor::start(config).error().code, ErrorCode::permission_denied);
  std::filesystem::remove(path);
  EXPECT_EQ(Supervisor::start(config).error().code, ErrorCode::not_found);
}

TEST(SupervisorStart, SaysSoIfItsProgramIsNone) {
  SupervisorConfig config;
  config.program = "/bin/true";
  EXPECT_EQ(Supervisor::start(config).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace coffer::pkcs11
