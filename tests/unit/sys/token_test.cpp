// sys/token and what else tells how the token is. The keeper's thread is the test.
#include "coffer/pkcs11/token_keeper.h"
#include "fakes/fake_source.h"
#include "fakes/manual_clock.h"
#include "sys_kit.h"

namespace coffer::sys {
namespace {

using pkcs11::KeyRole;
using pkcs11::TokenKeeper;

class TokenPathTest : public SysTest {
 protected:
  void SetUp() override {
    auto made =
        TokenKeeper::make(source_, *source_.open({}, {}), clock_, {}, TokenKeeper::Threads::none);
    ASSERT_TRUE(made.ok());
    keeper_ = *std::move(made);
    const pkcs11::KeyRef kek{{1}};
    ASSERT_TRUE(device_->generate(KeyRole::kek, kek, "kek").ok());
    ASSERT_TRUE(keeper_->watch({{KeyRole::kek, kek}}).ok());
    vault.open().keeper = keeper_.get();
  }
  void TearDown() override {
    if (vault.state->unsealed() != nullptr) vault.open().keeper = nullptr;
  }
  void pull() {
    device_->pull();
    clock_.advance(std::chrono::seconds(1));
    keeper_->tick();
    keeper_->tick();
  }
  Json health(const std::string& body = "") {
    health_ = vault.call_as("", Operation::read, "sys/health", body);
    return data(health_);
  }

  fakes::ManualClock clock_;
  std::shared_ptr<fakes::FakeToken> device_ = std::make_shared<fakes::FakeToken>();
  fakes::FakeSource source_{device_};
  std::unique_ptr<TokenKeeper> keeper_;
  Answer health_ = model::Response{};
};

TEST_F(TokenPathTest, TellsOfATokenThatIsUp) {
  const Json told = data(read("token"));
  EXPECT_EQ(text(told, {"state"}), "up");
  EXPECT_EQ(text(told, {"reason"}), "");
  EXPECT_EQ(text(told, {"trying"}), "false");
  EXPECT_EQ(text(told, {"reopenings"}), "0");
  EXPECT_EQ(text(told, {"last_error"}), "");
  EXPECT_EQ(text(told, {"serial"}), "fake-0001");
  EXPECT_EQ(text(told, {"label"}), "fake");
  EXPECT_EQ(text(told, {"wrap"}), "aes-gcm");
  EXPECT_EQ(text(told, {"since"}), to_rfc3339(clock_.wall()));
  EXPECT_EQ(text(told, {"pin_tries"}), "plenty");
  EXPECT_EQ(text(told, {"so_pin_tries"}), "plenty");
}

TEST_F(TokenPathTest, TellsWhichPinsWereTriedAsOfNow) {
  vault.token.set_pin_tries(pkcs11::PinTries::few);
  vault.token.set_so_pin_tries(pkcs11::PinTries::one_left);
  EXPECT_EQ(text(data(read("token")), {"pin_tries"}), "few");
  EXPECT_EQ(text(data(read("token")), {"so_pin_tries"}), "one_left");
  vault.token.set_so_pin_tries(pkcs11::PinTries::locked);
  EXPECT_EQ(text(data(read("token")), {"so_pin_tries"}), "locked");
  EXPECT_EQ(text(data(read("token")), {"state"}), "up") << "nothing needs that PIN now";
}

TEST_F(TokenPathTest, TellsSinceWhenAndWhyItIsDown) {
  source_.cut();
  pull();
  const Json told = data(read("token"));
  EXPECT_EQ(text(told, {"state"}), "down");
  EXPECT_EQ(text(told, {"reason"}), "the token is away");
  EXPECT_EQ(text(told, {"trying"}), "true");
  EXPECT_EQ(text(told, {"since"}), to_rfc3339(clock_.wall()));
  device_->insert();
  clock_.advance(std::chrono::seconds(1));
  keeper_->tick();
  EXPECT_EQ(text(data(read("token")), {"state"}), "degraded");
  EXPECT_EQ(text(data(read("token")), {"reopenings"}), "1");
}

TEST_F(TokenPathTest, NeedsACallerWhoMayReadIt) {
  put_policy("status", R"(path "sys/token" { capabilities = ["read"] })");
  put_policy("other", R"(path "sys/mounts" { capabilities = ["read"] })");
  EXPECT_TRUE(vault.call_as(token_with("status"), Operation::read, "sys/token").ok());
  for (const std::string& bearer : {token_with("other"), std::string()}) {
    const Answer refused_one = vault.call_as(bearer, Operation::read, "sys/token");
    ASSERT_FALSE(refused_one.ok());
    EXPECT_EQ(refused_one.error().code, ErrorCode::permission_denied);
  }
}

TEST_F(TokenPathTest, IsntThereWhereNothingWatchesTheToken) {
  vault.open().keeper = nullptr;
  const Answer none = read("token");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::unavailable);
  EXPECT_EQ(text(health(), {"token_state"}), "absent");
}

TEST_F(TokenPathTest, HealthTellsTheStateToEveryoneAndTheReasonToNobody) {
  EXPECT_EQ(text(health(), {"token_state"}), "up");
  EXPECT_EQ(health_->status, 200);
  pull();
  EXPECT_EQ(text(health(), {"token_state"}), "down");
  EXPECT_EQ(health_->data.find("away"), std::string::npos);
  EXPECT_EQ(text(data(read("seal-status")), {"token_state"}), "down");
}

TEST_F(TokenPathTest, ATokenThatIsDownIsHealthyUnlessTheCallerWantsOtherwise) {
  health(R"({"tokendowncode":503})");
  EXPECT_EQ(health_->status, 200) << "it is up";
  pull();
  health();
  EXPECT_EQ(health_->status, 200);
  health(R"({"activecode":299})");
  EXPECT_EQ(health_->status, 299);
  health(R"({"tokendowncode":503})");
  EXPECT_EQ(health_->status, 503);
  refused(vault.call_as("", Operation::read, "sys/health", R"({"tokendowncode":99})"),
          "tokendowncode");
}

TEST_F(TokenPathTest, ASealedVaultTellsNothingOfItsToken) {
  vault.open().keeper = nullptr;
  ASSERT_TRUE(write("seal").ok());
  EXPECT_EQ(text(health(), {"token_state"}), "absent");
  EXPECT_EQ(text(data(vault.call_as("", Operation::read, "sys/seal-status")), {"token_state"}),
            "absent");
}

TEST_F(TokenPathTest, MetricsHaveItsState) {
  const auto metrics = [&] {
    const Answer answer = read("metrics");
    return answer.ok() ? answer->data : std::string();
  };
  EXPECT_NE(metrics().find("coffer_token_up 1"), std::string::npos) << metrics();
  EXPECT_NE(metrics().find("coffer_token_degraded 0"), std::string::npos);
  pull();
  EXPECT_NE(metrics().find("coffer_token_up 0"), std::string::npos);
  EXPECT_NE(metrics().find("coffer_token_reopenings_total 0"), std::string::npos);
}

}  // namespace
}  // namespace coffer::sys
