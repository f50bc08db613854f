// Initialise, seal, unseal: what is served when, and to whom.
#include "sys_kit.h"

namespace coffer::sys {
namespace {

TEST_F(SysTest, ASealedVaultServesItsStateAndNothingElse) {
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/a", R"({"data":{"k":"v"}})").ok());
  ASSERT_TRUE(write("seal").ok());
  EXPECT_EQ(vault.state->unsealed(), nullptr);
  EXPECT_EQ(vault.call(Operation::read, "secret/data/a").error().code, ErrorCode::sealed);
  EXPECT_EQ(read("mounts").error().code, ErrorCode::sealed);
  EXPECT_EQ(read("health")->status, 503);
  EXPECT_EQ(text(data(read("seal-status")), {"sealed"}), "true");
  EXPECT_EQ(text(data(read("init")), {"initialized"}), "true");
  const auto opened = write("unseal", R"({"key":"1234"})");
  EXPECT_EQ(text(data(opened), {"sealed"}), "false");
  EXPECT_EQ(text(data(vault.call(Operation::read, "secret/data/a")), {"data", "k"}), "v");
}

TEST_F(SysTest, SealingWaitsForItsLine) {
  core::Staged staged = vault.stage(vault.root, Operation::update, "sys/seal");
  ASSERT_TRUE(staged.response.ok());
  EXPECT_NE(vault.state->unsealed(), nullptr) << "not before its answer is on record";
  staged.then();
  EXPECT_EQ(vault.state->unsealed(), nullptr);
}

TEST_F(SysTest, ARequestUnderWayFinishesThoughTheVaultIsSealed) {
  const std::shared_ptr<core::Unsealed> held = vault.state->unsealed();
  ASSERT_TRUE(write("seal").ok());
  EXPECT_NE(held->keyring, nullptr);
  EXPECT_TRUE(held->sealed_store->begin().ok());
}

TEST_F(SysTest, AStrangerSpendsNoTryWhereTheDaemonHasThePin) {
  vault.pin_configured = true;
  ASSERT_TRUE(write("seal").ok());
  vault.peer.uid = 4242;
  for (const std::string body : {"", R"({"key":"1234","pin":"1234"})"}) {
    EXPECT_EQ(write("unseal", body).error().code, ErrorCode::permission_denied);
    EXPECT_EQ(write("init", body).error().code, ErrorCode::permission_denied);
  }
  EXPECT_EQ(vault.state->unsealed(), nullptr) << "nor does the right one open it";
}

TEST_F(SysTest, AStrangerBringsThePinWhereOperatorsAreItsSource) {
  ASSERT_TRUE(write("seal").ok());
  vault.peer.uid = 4242;
  refused(write("unseal"), "key");
  refused(write("init"), "pin");
  const auto wrong = write("unseal", R"({"key":"9999"})");
  EXPECT_EQ(wrong.error().code, ErrorCode::precondition) << "no policy refused it";
  EXPECT_EQ(wrong.error().text, "the PIN is wrong");
  EXPECT_NE(text(data(write("unseal", R"({"key":"1234"})")), {"sealed"}), "true");
}

TEST_F(SysTest, RootOfTheMachineMayUnsealWithoutOne) {
  ASSERT_TRUE(write("seal").ok());
  vault.peer.uid = 0;
  EXPECT_EQ(text(data(write("unseal")), {"sealed"}), "false");
}

TEST_F(SysTest, SealingTakesSudo) {
  put_policy("half", "path \"sys/seal\" { capabilities = [\"update\"] }");
  put_policy("whole", "path \"sys/seal\" { capabilities = [\"update\", \"sudo\"] }");
  EXPECT_FALSE(vault.call_as(token_with("half"), Operation::update, "sys/seal").ok());
  EXPECT_TRUE(vault.call_as(token_with("whole"), Operation::update, "sys/seal").ok());
  EXPECT_EQ(vault.state->unsealed(), nullptr);
}

TEST_F(SysTest, SharesThatWereAskedForAreNotTakenForGranted) {
  vault.peer.uid = 0;
  refused(write("init", R"({"secret_shares":5,"secret_threshold":3})"), "secret_shares");
  refused(write("init", R"({"pgp_keys":["x"]})"), "pgp_keys");
  refused(write("init", R"({"adopt":"x"})"), "adopt");
  refused(write("init", R"({"secret_shares":-1})"), "secret_shares");
  EXPECT_EQ(write("init", R"({"secret_shares":1,"secret_threshold":1})").error().code,
            ErrorCode::precondition);
}

TEST_F(SysTest, LinesOfASealedVaultHoldNoData) {
  ASSERT_TRUE(write("seal").ok());
  const core::Staged staged =
      vault.stage("", Operation::update, "sys/unseal", R"({"key":"pin-canary"})");
  for (const std::string& body : {staged.entry.response.body}) {
    EXPECT_EQ(body.find("pin-canary"), std::string::npos);
    EXPECT_NE(body.find("data_omitted"), std::string::npos);
  }
}

TEST_F(SysTest, AWrongStatusIsToldAlsoWhileItDoesNotCount) {
  for (const std::string name : {"activecode", "sealedcode", "uninitcode"}) {
    const std::string body = R"({")" + name + R"(":"canary"})";
    refused(vault.call_as("", Operation::read, "sys/health", body), name);
  }
}

TEST_F(SysTest, HealthTakesTheStatusThatALoadBalancerWants) {
  EXPECT_EQ(vault.call_as("", Operation::read, "sys/health", R"({"activecode":"204"})")->status,
            204);
  ASSERT_TRUE(write("seal").ok());
  EXPECT_EQ(vault.call_as("", Operation::read, "sys/health", R"({"sealedcode":"200"})")->status,
            200);
  refused(vault.call_as("", Operation::read, "sys/health", R"({"sealedcode":"99"})"), "sealedcode");
}

}  // namespace
}  // namespace coffer::sys
