// What callers see of a token that fails, and what the keeper makes of it.
#include "keeper_kit.h"

#include "pkcs11/src/token_condition.h"

namespace coffer::pkcs11 {
namespace {

TEST_F(KeeperTest, ATokenThatWorksIsUp) {
  settle();
  const TokenHealth health = keeper_->health();
  EXPECT_EQ(health.state, TokenState::up);
  EXPECT_EQ(health.reason, "");
  EXPECT_EQ(health.last_error, "");
  EXPECT_EQ(health.reopenings, 0U);
  EXPECT_EQ(health.since, clock_.wall());
  EXPECT_EQ(health.wrap, "aes-gcm");
  EXPECT_EQ(keeper_->identity().serial, "fake-0001");
  EXPECT_TRUE(keeper_->alive_within(nanoseconds(0)));
}

TEST_F(KeeperTest, TheCanaryUsesTheTokenOnceASecondAndSpendsNoWraps) {
  const auto wraps = device_->calls(Method::wrap);
  const auto unwraps = device_->calls(Method::unwrap);
  for (int tenth = 0; tenth < 50; ++tenth) advance(milliseconds(100));
  EXPECT_EQ(device_->calls(Method::unwrap), unwraps + 5);
  EXPECT_EQ(device_->calls(Method::wrap), wraps);
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperTest, ATokenThatDiedWhileNobodyCalledIsFoundWithinASecond) {
  source_.cut();
  EXPECT_EQ(state(), TokenState::up);
  advance(seconds(1));
  EXPECT_EQ(keeper_->health().reopenings, 1U);
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperTest, WhatFailsForTheRequestsOwnSakeIsPassedThroughAndNobodysFault) {
  const auto unwraps = device_->calls(Method::unwrap);
  EXPECT_EQ(code_of(keeper_->verify(KeyRole::kek, {{77}})), "not_found");
  EXPECT_EQ(code_of(keeper_->generate(KeyRole::kek, kek_, "x")), "conflict");
  EXPECT_EQ(code_of(keeper_->random(kMaxRandomSize + 1)), "too_large");
  EXPECT_EQ(code_of(keeper_->unwrap(kek_, blob_, {})), "invalid_argument");
  Bytes tampered = blob_;
  tampered.back() ^= 1U;
  EXPECT_EQ(code_of(keeper_->unwrap(kek_, tampered, aad_)), "corrupt");
  settle();
  EXPECT_EQ(state(), TokenState::up);
  EXPECT_EQ(device_->calls(Method::unwrap), unwraps + 2) << "no canary was asked";
}

TEST_F(KeeperTest, OneFailureThatTheCanaryDoesntConfirmIsDegraded) {
  for (const char* const rv : {"CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR", "CKR_FUNCTION_FAILED"}) {
    device_->fail_nth(Method::unwrap, 1, failure(rv));
    EXPECT_EQ(code_of(unwrap()), "unavailable");
    settle();
    EXPECT_EQ(state(), TokenState::degraded);
    EXPECT_EQ(keeper_->health().last_error, rv);
    EXPECT_NE(keeper_->health().reason.find(rv), std::string::npos);
    EXPECT_EQ(code_of(unwrap()), "ok");
  }
  EXPECT_EQ(source_.reopenings(), 0U) << "a token that works isn't opened again";
}

TEST_F(KeeperTest, DegradedEndsAMinuteAfterTheLastFailure) {
  device_->fail_nth(Method::unwrap, 1, failure("CKR_DEVICE_ERROR"));
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  const WallTime first = clock_.wall();
  advance(seconds(40));
  device_->fail_nth(Method::unwrap, 1, failure("CKR_DEVICE_ERROR"));
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  advance(seconds(59));
  EXPECT_EQ(state(), TokenState::degraded);
  EXPECT_EQ(keeper_->health().since, first) << "of the first of those that came together";
  advance(seconds(1));
  EXPECT_EQ(state(), TokenState::up);
  EXPECT_EQ(keeper_->health().since, clock_.wall());
}

TEST_F(KeeperTest, ASlowCanaryIsDegraded) {
  class Slow final : public Clock {
   public:
    WallTime wall() const override { return WallTime(boottime()); }
    nanoseconds boottime() const override { return now_ += step; }
    nanoseconds step{0};

   private:
    mutable nanoseconds now_{seconds(1000)};
  } slow;
  auto made =
      TokenKeeper::make(source_, *source_.open({}, {}), slow, options_, TokenKeeper::Threads::none);
  slow.step = milliseconds(600);
  (*made)->tick();
  (*made)->tick();
  (*made)->tick();
  slow.step = {};
  EXPECT_EQ((*made)->health().state, TokenState::degraded);
  EXPECT_NE((*made)->health().reason.find("slow"), std::string::npos);
}

TEST_F(KeeperTest, WrongPinsThatOthersTriedAreToldWithinAMinute) {
  advance(seconds(1));
  ASSERT_EQ(state(), TokenState::up);
  struct {
    PinTries left;
    std::string_view flag;
  } const cases[] = {{PinTries::few, "CKF_USER_PIN_COUNT_LOW"},
                     {PinTries::one_left, "CKF_USER_PIN_FINAL_TRY"},
                     {PinTries::locked, "CKF_USER_PIN_LOCKED"}};
  for (const auto& each : cases) {
    device_->set_pin_tries(each.left);
    advance(seconds(60));
    EXPECT_EQ(state(), TokenState::degraded);
    EXPECT_NE(keeper_->health().reason.find(each.flag), std::string::npos) << each.flag;
    EXPECT_EQ(keeper_->health().since, clock_.wall());
    EXPECT_TRUE(unwrap().ok()) << "whoever is logged in goes on";
  }
  device_->set_pin_tries(PinTries::plenty);
  advance(seconds(60));
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperTest, PinTriesAreAskedForOnceAMinute) {
  advance(seconds(1));
  const std::size_t before = device_->calls(Method::info);
  for (int second = 0; second < 120; ++second) advance(seconds(1));
  EXPECT_EQ(device_->calls(Method::info), before + 2);
}

TEST_F(KeeperTest, ATokenThatDoesntTellItsPinTriesIsTheCanarysToJudge) {
  device_->fail_nth(Method::info, 1, failure("CKR_DEVICE_ERROR"));
  advance(seconds(60));
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperTest, AfterAReopeningPinTriesAreAskedForAtOnce) {
  advance(seconds(1));
  pull();
  device_->set_pin_tries(PinTries::few);
  device_->insert();
  advance(seconds(2));
  ASSERT_EQ(state(), TokenState::degraded) << "for the failure";
  advance(options_.recent);
  EXPECT_NE(keeper_->health().reason.find("CKF_USER_PIN_COUNT_LOW"), std::string::npos);
}

TEST_F(KeeperTest, ADeadConnectionIsReplacedAtOnce) {
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  EXPECT_EQ(code_of(unwrap()), "ok");
  const TokenHealth health = keeper_->health();
  EXPECT_EQ(health.state, TokenState::degraded);
  EXPECT_EQ(health.reopenings, 1U);
  EXPECT_EQ(health.last_error, "CKR_DEVICE_REMOVED");
}

TEST_F(KeeperTest, WhileItIsDownEveryCallFailsAtOnceWithTheReason) {
  pull();
  const auto calls = device_->calls(Method::unwrap) + device_->calls(Method::wrap);
  for (const Result<void>& answer :
       {keeper_->verify(KeyRole::kek, kek_), keeper_->generate(KeyRole::kek, {{9}}, "x"),
        keeper_->destroy(KeyRole::kek, kek_)}) {
    ASSERT_EQ(code_of(answer), "unavailable");
    EXPECT_TRUE(answer.error().text.starts_with("the token is down: ")) << answer.error().text;
  }
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  EXPECT_EQ(code_of(wrap()), "unavailable");
  EXPECT_EQ(code_of(keeper_->info()), "unavailable");
  EXPECT_EQ(code_of(keeper_->sign(sign_, aad_)), "unavailable");
  EXPECT_EQ(code_of(keeper_->public_key(sign_)), "unavailable");
  EXPECT_EQ(code_of(keeper_->describe_kek(kek_)), "unavailable");
  EXPECT_EQ(code_of(keeper_->random(8)), "unavailable");
  EXPECT_EQ(device_->calls(Method::unwrap) + device_->calls(Method::wrap), calls);
}

TEST_F(KeeperTest, OneThatWasLetGoNeverOpensTheTokenAgain) {
  keeper_->let_go();
  pull();
  device_->insert();
  for (int second = 0; second < 10; ++second) advance(seconds(1));
  EXPECT_EQ(state(), TokenState::down);
  EXPECT_EQ(code_of(unwrap()), "unavailable");
}

TEST_F(KeeperTest, CallersNeverOpenTheToken) {
  pull();
  const auto attempts = source_.reopenings();
  device_->insert();
  clock_.advance(seconds(10));
  for (int call = 0; call < 5; ++call) EXPECT_EQ(code_of(unwrap()), "unavailable");
  EXPECT_EQ(source_.reopenings(), attempts);
  settle();
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperTest, AttemptsBackOffToTwoSeconds) {
  pull();
  EXPECT_EQ(source_.reopenings(), 1U);
  std::vector<milliseconds> pauses;
  for (int attempt = 0; attempt < 8; ++attempt) {
    const nanoseconds pause = keeper_->tick();
    pauses.push_back(std::chrono::duration_cast<milliseconds>(pause));
    clock_.advance(pause);
    keeper_->tick();
  }
  using M = milliseconds;
  EXPECT_EQ(pauses,
            (std::vector<M>{M(50), M(100), M(200), M(400), M(800), M(1600), M(2000), M(2000)}));
  EXPECT_EQ(source_.reopenings(), 9U);
}

TEST_F(KeeperTest, OneThatIsAwayForAMinuteIsBackWithinTwoSeconds) {
  pull();
  for (int tenth = 0; tenth < 600; ++tenth) advance(milliseconds(100));
  EXPECT_EQ(state(), TokenState::down);
  EXPECT_LT(source_.reopenings(), 40U);
  device_->insert();
  int tenths = 0;
  while (state() == TokenState::down && tenths < 100) {
    advance(milliseconds(100));
    ++tenths;
  }
  EXPECT_LE(tenths, 20);
  EXPECT_EQ(code_of(unwrap()), "ok");
  EXPECT_EQ(keeper_->health().reopenings, 1U);
}

TEST_F(KeeperTest, ATokenThatFallsAgainAndAgainIsntOpenedInATightLoop) {
  for (int time = 0; time < 100; ++time) {
    source_.cut();
    static_cast<void>(unwrap());
    keeper_->tick();
    keeper_->tick();
    clock_.advance(milliseconds(10));
  }
  EXPECT_LE(source_.reopenings(), 6U) << "in one second";
}

TEST_F(KeeperTest, DownSaysSinceWhenAndThatItIsTrying) {
  clock_.advance(seconds(5));
  const WallTime start = clock_.wall();
  pull();
  advance(seconds(3));
  const TokenHealth health = keeper_->health();
  EXPECT_EQ(health.since, start);
  EXPECT_TRUE(health.trying);
  EXPECT_EQ(health.reason, "the token is away");
}

TEST_F(KeeperTest, CachedReadsMayGoOnForTheGraceAlone) {
  pull();
  EXPECT_FALSE(keeper_->alive_within(nanoseconds(0)));
  EXPECT_TRUE(keeper_->alive_within(seconds(30)));
  advance(seconds(29));
  EXPECT_TRUE(keeper_->alive_within(seconds(30)));
  advance(seconds(1));
  EXPECT_FALSE(keeper_->alive_within(seconds(30)));
  device_->insert();
  advance(seconds(2));
  EXPECT_TRUE(keeper_->alive_within(nanoseconds(0)));
}

TEST_F(KeeperTest, ARefusedPinEndsTheAttempts) {
  source_.fail_reopen(
      1, make_error(ErrorCode::permission_denied, "wrong PIN", "C_Login: CKR_PIN_INCORRECT"));
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  for (int minute = 0; minute < 10; ++minute) advance(minutes(1));
  EXPECT_EQ(source_.reopenings(), 1U);
  const TokenHealth health = keeper_->health();
  EXPECT_EQ(health.state, TokenState::down);
  EXPECT_FALSE(health.trying);
  EXPECT_EQ(health.reason, "PIN refused: wrong PIN");
  EXPECT_EQ(health.last_error, "CKR_PIN_INCORRECT");
  EXPECT_EQ(unwrap().error().text, "the token is down: PIN refused: wrong PIN");
}

TEST_F(KeeperTest, WithoutAPinThereAreNoAttempts) {
  source_.forget();
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  advance(minutes(5));
  EXPECT_EQ(source_.reopenings(), 1U);
  EXPECT_FALSE(keeper_->health().trying);
}

TEST_F(KeeperTest, ALockedPinInTheMiddleOfACallIsntToldAsTheCallersPermission) {
  const Error locked = make_error(ErrorCode::permission_denied, "the token refused the PIN",
                                  "C_Decrypt: CKR_PIN_LOCKED");
  source_.cut(locked);
  const auto refused = unwrap();
  ASSERT_EQ(code_of(refused), "unavailable");
  EXPECT_EQ(refused.error().cause, "C_Decrypt: CKR_PIN_LOCKED");
  settle();
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperTest, ABusyTokenIsntADeadOne) {
  const Error busy = make_error(ErrorCode::resource_exhausted, "no token session came free",
                                "all 8 sessions in use");
  for (int time = 0; time < 5; ++time) {
    device_->fail_nth(Method::unwrap, 1, busy);
    EXPECT_EQ(code_of(unwrap()), "resource_exhausted");
    settle();
    EXPECT_EQ(state(), TokenState::up);
  }
}

TEST_F(KeeperTest, ATokenWithoutMemoryIsOpenedAgainWhenNothingWorksAnyMore) {
  advance(seconds(1));
  source_.cut(failure("CKR_DEVICE_MEMORY", ErrorCode::resource_exhausted));
  EXPECT_EQ(code_of(unwrap()), "resource_exhausted");
  settle();
  EXPECT_EQ(state(), TokenState::degraded);
  advance(seconds(1));
  EXPECT_EQ(source_.reopenings(), 0U);
  advance(seconds(1));
  EXPECT_EQ(source_.reopenings(), 1U);
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperTest, ACanaryThatFoundNoRoomWhileOthersWorkedSaysNothing) {
  for (int time = 0; time < 6; ++time) {
    device_->fail_nth(Method::unwrap, 2, failure("CKR_HOST_MEMORY", ErrorCode::resource_exhausted));
    EXPECT_EQ(code_of(unwrap()), "ok");
    advance(seconds(1));
  }
  EXPECT_EQ(source_.reopenings(), 0U);
}

TEST_F(KeeperTest, AKeyThatWasThereIsNeverNotFound) {
  ASSERT_TRUE(keeper_->verify(KeyRole::kek, kek_).ok());
  device_->forget(kek_);
  EXPECT_EQ(code_of(keeper_->verify(KeyRole::kek, kek_)), "unavailable");
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  EXPECT_EQ(state(), TokenState::down) << "the canary needs the key too";
  EXPECT_EQ(code_of(keeper_->verify(KeyRole::sign, sign_)), "unavailable");
}

TEST_F(KeeperTest, AKeyThatIsDestroyedOnRequestIsNotFoundAfterwards) {
  const KeyRef key{{9}};
  ASSERT_TRUE(keeper_->generate(KeyRole::kek, key, "x").ok());
  ASSERT_TRUE(keeper_->destroy(KeyRole::kek, key).ok());
  EXPECT_EQ(code_of(keeper_->verify(KeyRole::kek, key)), "not_found");
}

TEST_F(KeeperTest, AWatchedKeyThatIsDestroyedOnRequestIsMissedByNobody) {
  ASSERT_TRUE(keeper_->destroy(KeyRole::kek, kek_).ok());
  ASSERT_TRUE(keeper_->destroy(KeyRole::sign, sign_).ok());
  advance(minutes(60));
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperTest, AKeyThatWasThereIsKnownAfterAReopening) {
  const KeyRef key{{9}};
  ASSERT_TRUE(keeper_->generate(KeyRole::kek, key, "x").ok());
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  device_->forget(key);
  EXPECT_EQ(code_of(keeper_->verify(KeyRole::kek, key)), "unavailable");
}

TEST_F(KeeperTest, AnotherTokenInItsPlaceIsntUsed) {
  auto other = std::make_shared<fakes::FakeToken>(fakes::FakeToken::Options{.serial = "other"});
  source_.exchange(other);
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  EXPECT_EQ(state(), TokenState::down);
  EXPECT_EQ(keeper_->health().reason, "another token is in the place of ours");
  source_.exchange(device_);
  advance(seconds(1));
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperTest, ATokenWithOurSerialAndOtherKeysIsntUsed) {
  auto other = std::make_shared<fakes::FakeToken>();
  ASSERT_TRUE(other->generate(KeyRole::kek, kek_, "kek").ok());
  ASSERT_TRUE(other->generate(KeyRole::sign, sign_, "sign").ok());
  source_.exchange(other);
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  EXPECT_EQ(state(), TokenState::down);
  EXPECT_EQ(keeper_->health().reason, "the token can't open what it wrapped before");
  EXPECT_TRUE(keeper_->health().trying) << "ours may come back";
}

TEST_F(KeeperTest, DriftIsFoundWithinTheHourAndEndsService) {
  advance(minutes(59));
  device_->spoil(sign_, "CKA_EXTRACTABLE is true");
  EXPECT_EQ(state(), TokenState::up);
  advance(minutes(1));
  const TokenHealth health = keeper_->health();
  EXPECT_EQ(health.state, TokenState::down);
  EXPECT_FALSE(health.trying) << "opening it again can't make the key what it was";
  EXPECT_NE(health.reason.find("CKA_EXTRACTABLE"), std::string::npos) << health.reason;
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  advance(minutes(10));
  EXPECT_EQ(source_.reopenings(), 0U);
}

TEST_F(KeeperTest, DriftDuringAnAbsenceIsFoundAtTheReopening) {
  pull();
  device_->spoil(sign_, "CKA_MODIFIABLE is true");
  device_->insert();
  advance(seconds(2));
  EXPECT_EQ(state(), TokenState::down);
  EXPECT_FALSE(keeper_->health().trying);
  EXPECT_NE(keeper_->health().reason.find("CKA_MODIFIABLE"), std::string::npos);
}

TEST_F(KeeperTest, TheKeysAreVerifiedEveryHourAndAtEachReopening) {
  const auto before = device_->calls(Method::verify);
  advance(minutes(60));
  EXPECT_EQ(device_->calls(Method::verify), before + 2);
  advance(minutes(30));
  EXPECT_EQ(device_->calls(Method::verify), before + 2);
  source_.cut();
  advance(seconds(1));
  EXPECT_EQ(device_->calls(Method::verify), before + 4);
}

TEST_F(KeeperTest, AFailureOfAVerificationIsTheCanarysToJudge) {
  device_->fail_nth(Method::verify, 1, failure("CKR_DEVICE_ERROR"));
  advance(minutes(60));
  EXPECT_EQ(state(), TokenState::up);
}

TEST_F(KeeperTest, WatchingOtherKeysMakesAnotherCanary) {
  const KeyRef next{{3}};
  ASSERT_TRUE(keeper_->generate(KeyRole::kek, next, "kek 2").ok());
  ASSERT_TRUE(keeper_->watch({{KeyRole::kek, next}, {KeyRole::sign, sign_}}).ok());
  device_->forget(kek_);
  advance(seconds(1));
  EXPECT_EQ(state(), TokenState::up) << "the old one may go";
  device_->forget(next);
  advance(seconds(1));
  EXPECT_EQ(state(), TokenState::down);
}

TEST_F(KeeperTest, BeforeItWatchesAKeyTheCanaryIsTheTokensOwnWord) {
  auto made = TokenKeeper::make(source_, *source_.open({}, {}), clock_, options_,
                                TokenKeeper::Threads::none);
  ASSERT_TRUE(made.ok());
  clock_.advance(seconds(1));
  (*made)->tick();
  EXPECT_EQ((*made)->health().state, TokenState::up);
  device_->pull();
  clock_.advance(seconds(1));
  (*made)->tick();
  EXPECT_EQ((*made)->health().state, TokenState::down);
}

TEST_F(KeeperTest, WatchFailsWhenTheTokenDoes) {
  device_->fail_nth(Method::wrap, 1, failure("CKR_DEVICE_ERROR"));
  EXPECT_EQ(code_of(keeper_->watch({{KeyRole::kek, kek_}})), "unavailable");
  advance(seconds(1));
  EXPECT_EQ(code_of(unwrap()), "ok") << "what it watched before it still does";
}

TEST_F(KeeperTest, ATokenThatCantSayWhoItIsIsntKept) {
  device_->fail_nth(Method::info, 2, failure("CKR_DEVICE_ERROR"));
  const auto made = TokenKeeper::make(source_, *source_.open({}, {}), clock_, options_,
                                      TokenKeeper::Threads::none);
  EXPECT_EQ(code_of(made), "unavailable");
}

TEST_F(KeeperTest, NothingOfADeadTokenIsAliveWhenItIsOpenedAgain) {
  source_.one_at_a_time();
  source_.cut();
  EXPECT_EQ(code_of(unwrap()), "unavailable");
  settle();
  EXPECT_EQ(code_of(unwrap()), "ok");
  EXPECT_EQ(source_.alive(), 1);
}

TEST(CkrName, IsTakenOutOfTheCause) {
  EXPECT_EQ(ckr_name("C_Decrypt: CKR_DEVICE_ERROR"), "CKR_DEVICE_ERROR");
  EXPECT_EQ(ckr_name("C_Login: CKR_PIN_LOCKED (worker 3)"), "CKR_PIN_LOCKED");
  EXPECT_EQ(ckr_name("C_Sign: CK_RV 0x80000017"), "CK_RV 0x80000017");
  EXPECT_EQ(ckr_name("all 8 sessions in use"), "");
  EXPECT_EQ(ckr_name(""), "");
}

}  // namespace
}  // namespace coffer::pkcs11
