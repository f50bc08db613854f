// The keeper with its own thread, and callers that don't wait for one another.
#include <future>

#include "keeper_kit.h"

namespace coffer::pkcs11 {
namespace {

/// Waits for what another thread is to do; the limit is for a broken one alone.
template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

/// Whose unwraps wait while the gate is shut.
class GatedSource final : public TokenSource {
 public:
  explicit GatedSource(TokenSource& inner) : inner_(inner) {}
  Result<std::unique_ptr<Token>> open(const TokenConfig& config, const SecureBytes& pin) override {
    return gated(inner_.open(config, pin));
  }
  Result<std::unique_ptr<Token>> reopen() override { return gated(inner_.reopen()); }
  void forget() override { inner_.forget(); }

  void shut() { shut_ = true; }
  void open_gate() { shut_ = false; }
  int waiting() const { return waiting_; }

 private:
  class Gated;
  Result<std::unique_ptr<Token>> gated(Result<std::unique_ptr<Token>> inner);
  TokenSource& inner_;
  std::atomic<bool> shut_{false};
  std::atomic<int> waiting_{0};
};

class GatedSource::Gated final : public Token {
 public:
  Gated(GatedSource& source, std::unique_ptr<Token> inner)
      : source_(source), inner_(std::move(inner)) {}
  Result<TokenInfo> info() override { return inner_->info(); }
  Result<void> generate(KeyRole role, const KeyRef& key, std::string_view label) override {
    return inner_->generate(role, key, label);
  }
  Result<void> verify(KeyRole role, const KeyRef& key) override {
    return inner_->verify(role, key);
  }
  Result<std::vector<KeyAttribute>> attributes(KeyRole role, const KeyRef& key) override {
    return inner_->attributes(role, key);
  }
  Result<ListedKeys> list_keys() override { return inner_->list_keys(); }
  Result<void> destroy(KeyRole role, const KeyRef& key) override {
    return inner_->destroy(role, key);
  }
  Result<KekInfo> describe_kek(const KeyRef& kek) override { return inner_->describe_kek(kek); }
  Result<Bytes> wrap(const KeyRef& kek, const SecureBytes& key, ByteView aad) override {
    return inner_->wrap(kek, key, aad);
  }
  Result<SecureBytes> unwrap(const KeyRef& kek, ByteView wrapped, ByteView aad) override {
    ++source_.waiting_;
    while (source_.shut_) std::this_thread::sleep_for(milliseconds(1));
    --source_.waiting_;
    return inner_->unwrap(kek, wrapped, aad);
  }
  Result<Bytes> sign_digest(const KeyRef& key, const crypto::Sha256& digest) override {
    return inner_->sign_digest(key, digest);
  }
  Result<Bytes> public_key(const KeyRef& key) override { return inner_->public_key(key); }
  Result<SecureBytes> random(std::size_t size) override { return inner_->random(size); }
  Result<std::optional<Bytes>> read_data(std::string_view label) override {
    return inner_->read_data(label);
  }
  Result<void> write_data(std::string_view label, ByteView value) override {
    return inner_->write_data(label, value);
  }

 private:
  GatedSource& source_;
  const std::unique_ptr<Token> inner_;
};

Result<std::unique_ptr<Token>> GatedSource::gated(Result<std::unique_ptr<Token>> inner) {
  if (!inner.ok()) return inner;
  return std::unique_ptr<Token>(std::make_unique<Gated>(*this, *std::move(inner)));
}

class KeeperThread : public KeeperTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(KeeperTest::SetUp());
    options_.canary_every = milliseconds(5);
    options_.first_pause = milliseconds(1);
    options_.longest_pause = milliseconds(5);
    options_.stalled = milliseconds(50);
    options_.drain = milliseconds(200);
    auto opened = gate_.open({}, {});
    ASSERT_TRUE(opened.ok());
    auto made = TokenKeeper::make(gate_, *std::move(opened), system_clock(), options_);
    ASSERT_TRUE(made.ok());
    keeper_ = *std::move(made);
    ASSERT_TRUE(keeper_->watch({{KeyRole::kek, kek_}}).ok());
  }
  void TearDown() override {
    gate_.open_gate();
    keeper_.reset();
  }
  GatedSource gate_{source_};
};

TEST_F(KeeperThread, HealsByItselfWhenNobodyCalls) {
  device_->pull();
  EXPECT_TRUE(eventually([&] { return state() == TokenState::down; }));
  device_->insert();
  EXPECT_TRUE(eventually([&] { return state() != TokenState::down; }));
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperThread, ManyCallersThroughManyDeathsSeeTheirValueOrUnavailable) {
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::atomic<int> away{0};
  std::atomic<int> other{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        const auto opened = unwrap();
        const bool right =
            opened.ok() && as_text(opened->expose(Reveal{"a test compares"})) == "a data key";
        if (right) {
          ++good;
        } else if (!opened.ok() && opened.error().code == ErrorCode::unavailable) {
          ++away;
        } else {
          ++other;
        }
      }
    });
  }
  for (int death = 0; death < 20; ++death) {
    const auto before = keeper_->health().reopenings;
    source_.cut();
    EXPECT_TRUE(eventually([&] { return keeper_->health().reopenings > before; })) << death;
    const int seen = good;
    EXPECT_TRUE(eventually([&] { return good > seen; })) << death;
  }
  stop = true;
  for (auto& caller : callers) caller.join();
  EXPECT_GT(good, 20);
  EXPECT_EQ(other, 0);
}

TEST_F(KeeperThread, WhenTheCanaryHangsNobodyElseJoinsIt) {
  gate_.shut();
  EXPECT_TRUE(eventually([&] { return state() == TokenState::down; }));
  EXPECT_EQ(keeper_->health().reason, "the token doesn't answer");
  EXPECT_FALSE(keeper_->alive_within(nanoseconds(0)));
  EXPECT_TRUE(keeper_->alive_within(minutes(1)));
  const auto answer = unwrap();
  ASSERT_EQ(code_of(answer), "unavailable");
  EXPECT_EQ(answer.error().text, "the token is down: the token doesn't answer");
  EXPECT_EQ(gate_.waiting(), 1) << "the canary";
  gate_.open_gate();
  EXPECT_TRUE(eventually([&] { return state() != TokenState::down; }));
  EXPECT_EQ(code_of(unwrap()), "ok");
  EXPECT_EQ(keeper_->health().reopenings, 0U) << "it only was slow";
}

TEST_F(KeeperThread, OnlySoManyCallersWaitForATokenThatHangs) {
  keeper_.reset();
  options_.most_inside = 2;
  options_.patience = milliseconds(30);
  options_.canary_every = minutes(5);
  options_.stalled = minutes(5);
  auto made = TokenKeeper::make(gate_, *gate_.open({}, {}), system_clock(), options_);
  ASSERT_TRUE(made.ok());
  keeper_ = *std::move(made);
  gate_.shut();
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) callers.emplace_back([&] { EXPECT_EQ(code_of(unwrap()), "ok"); });
  EXPECT_TRUE(eventually([&] { return gate_.waiting() == 2; }));
  for (int call = 0; call < 100; ++call) {
    const auto refused = unwrap();
    ASSERT_EQ(code_of(refused), "unavailable");
    EXPECT_NE(refused.error().text.find("too many wait"), std::string::npos);
  }
  EXPECT_EQ(gate_.waiting(), 2);
  gate_.open_gate();
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(code_of(unwrap()), "ok");
  EXPECT_EQ(state(), TokenState::up) << "to be busy is no fault";
}

TEST_F(KeeperThread, OneMoreThanMayBeInsideWaitsItsTurnWhileTheTokenAnswers) {
  keeper_.reset();
  options_.most_inside = 1;
  auto made = TokenKeeper::make(gate_, *gate_.open({}, {}), system_clock(), options_);
  ASSERT_TRUE(made.ok());
  keeper_ = *std::move(made);
  std::atomic<int> refused{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int call = 0; call < 200; ++call) refused += unwrap().ok() ? 0 : 1;
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(refused, 0);
}

TEST_F(KeeperThread, ACallThatIsStillInsideDoesntKeepTheTokenFromBeingOpenedAgain) {
  gate_.shut();
  std::thread caller([&] { static_cast<void>(unwrap()); });
  EXPECT_TRUE(eventually([&] { return gate_.waiting() >= 1; }));
  // Whoever comes through the gate finds the connection dead.
  source_.cut();
  gate_.open_gate();
  EXPECT_TRUE(eventually([&] { return keeper_->health().reopenings >= 1; }));
  caller.join();
  EXPECT_EQ(code_of(unwrap()), "ok");
}

TEST_F(KeeperThread, GoesAwayInTheMiddleOfAnOutage) {
  device_->pull();
  EXPECT_TRUE(eventually([&] { return state() == TokenState::down; }));
  keeper_.reset();
  EXPECT_EQ(source_.alive(), 0);
}

}  // namespace
}  // namespace coffer::pkcs11
