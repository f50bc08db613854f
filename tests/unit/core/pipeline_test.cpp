// One request from who calls to what is staged.
#include "coffer/core/pipeline.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>

#include "fakes/test_vault.h"

namespace coffer::core {
namespace {

using fakes::FakeToken;
using fakes::TestVault;
using model::Operation;

constexpr const char* kBody = R"({"data":{"password":"s3cr3t-canary"}})";

TEST(Pipeline, StagesAWriteAndLeavesTheStoreAlone) {
  TestVault vault;
  const auto before = vault.store->sequence();
  const Staged staged = vault.stage(vault.root, Operation::update, "secret/data/app", kBody);
  ASSERT_TRUE(staged.response.ok()) << describe(staged.response.error());
  EXPECT_FALSE(staged.writes.empty());
  EXPECT_EQ(vault.store->sequence(), before);
}

TEST(Pipeline, AWriteOfWhatIsNotThereIsACreate) {
  TestVault vault;
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app", kBody).ok());
  EXPECT_EQ(vault.last_operation, Operation::create);
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app", kBody).ok());
  EXPECT_EQ(vault.last_operation, Operation::update);
}

TEST(Pipeline, WithoutATokenOrWithAWrongOneIsDenied) {
  TestVault vault;
  for (const std::string bearer : {"", "hvs.wrong", "x"}) {
    for (const std::string path : {"secret/data/app", "nosuch/thing", "sys/nosuch"}) {
      const Staged staged = vault.stage(bearer, Operation::read, path);
      ASSERT_FALSE(staged.response.ok());
      EXPECT_EQ(staged.response.error().code, ErrorCode::permission_denied) << path;
    }
  }
}

TEST(Pipeline, ADeniedWriteStagesNothing) {
  TestVault vault;
  EXPECT_TRUE(vault.stage("hvs.wrong", Operation::update, "secret/data/app", kBody).writes.empty());
}

TEST(Pipeline, AFailedWriteStagesNothing) {
  TestVault vault;
  vault.token.fail_nth(FakeToken::Method::wrap, 1, make_error(ErrorCode::unavailable, "gone"));
  const Staged staged = vault.stage(vault.root, Operation::update, "secret/data/app", kBody);
  ASSERT_FALSE(staged.response.ok());
  EXPECT_EQ(staged.response.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(staged.writes.empty());
}

TEST(Pipeline, UnknownPathsAndVerbsAreToldApartForTheKnown) {
  TestVault vault;
  EXPECT_EQ(vault.call(Operation::read, "nosuch/a").error().code, ErrorCode::not_found);
  EXPECT_EQ(vault.call(Operation::read, "sys/nosuch").error().code, ErrorCode::not_found);
  EXPECT_EQ(vault.call(Operation::update, "sys/health").error().code, ErrorCode::unsupported);
  EXPECT_EQ(vault.call(Operation::patch, "secret/destroy/a", "{}").error().code,
            ErrorCode::unsupported);
}

TEST(Pipeline, EveryRequestHasBothLinesAndNoneHoldsASecret) {
  TestVault vault;
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app", kBody).ok());
  for (const std::string& bearer : {vault.root, std::string("hvs.wrong-canary"), std::string()}) {
    const Staged staged = vault.stage(bearer, Operation::read, "secret/data/app");
    ASSERT_TRUE(staged.entry.request);
    for (const std::string& body : {staged.entry.request->body, staged.entry.response.body}) {
      EXPECT_NE(body.find("secret/data/app"), std::string::npos) << body;
      EXPECT_EQ(body.find("s3cr3t-canary"), std::string::npos);
      EXPECT_EQ(body.find("wrong-canary"), std::string::npos);
      EXPECT_EQ(body.find(vault.root), std::string::npos);
    }
  }
}

TEST(Pipeline, StatusPathsNeedNoCallerAndAnswerUnlogged) {
  TestVault vault;
  const Staged staged = vault.stage("", Operation::read, "sys/health");
  EXPECT_TRUE(staged.response.ok());
  EXPECT_TRUE(staged.answer_unlogged);
  EXPECT_FALSE(vault.stage(vault.root, Operation::read, "secret/data/a").answer_unlogged);
  // Open, but it tells of mounts: not without a line.
  const Staged mounts = vault.stage(vault.root, Operation::read, "sys/internal/ui/mounts");
  EXPECT_TRUE(mounts.response.ok());
  EXPECT_FALSE(mounts.answer_unlogged);
}

TEST(Pipeline, ReadsAskTheTokenOnceAndThenTheCache) {
  TestVault vault;
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app", kBody).ok());
  const auto before = vault.token.calls(FakeToken::Method::unwrap);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(vault.call(Operation::read, "secret/data/app").ok());
  EXPECT_LE(vault.token.calls(FakeToken::Method::unwrap), before + 1U);
}

TEST(Pipeline, WithoutCacheEachReadAsksTheToken) {
  TestVault vault({.entries = 16, .max_age = std::chrono::seconds(0)});
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app", kBody).ok());
  const auto before = vault.token.calls(FakeToken::Method::unwrap);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(vault.call(Operation::read, "secret/data/app").ok());
  EXPECT_EQ(vault.token.calls(FakeToken::Method::unwrap), before + 3);
}

TEST(Pipeline, ATokenThatIsAwayIsUnavailable) {
  TestVault vault({.entries = 16, .max_age = std::chrono::seconds(0)});
  ASSERT_TRUE(vault.call(Operation::update, "secret/data/app", kBody).ok());
  vault.token.pull();
  EXPECT_EQ(vault.call(Operation::read, "secret/data/app").error().code, ErrorCode::unavailable);
  vault.token.insert();
  EXPECT_TRUE(vault.call(Operation::read, "secret/data/app").ok());
}

TEST(Mounts, LongestPathWins) {
  TestVault vault;
  const auto table = vault.mounts();
  EXPECT_EQ(table->find("secret/data/a")->mount->path, "secret/");
  EXPECT_EQ(table->find("secret/data/a")->path, "data/a");
  EXPECT_EQ(table->find("auth/token/create")->mount->path, "auth/token/");
  EXPECT_FALSE(table->find("secre"));
  EXPECT_FALSE(table->find("secretive/data"));
}

TEST(Pipeline, TellsTheLaneOfARequestFromTheMountsAsTheyWereSeenLast) {
  TestVault vault;
  const auto lane = [&](Operation operation, const std::string& path) {
    return vault.pipeline->lane(
        {.id = {}, .time = {}, .operation = operation, .path = path, .fields = {}});
  };
  ASSERT_TRUE(vault.call(Operation::read, "sys/health").ok());
  EXPECT_EQ(lane(Operation::update, "sys/leases/renew"), engine::Lane::slow);
  EXPECT_EQ(lane(Operation::update, "sys/leases/renew/a/b/c"), engine::Lane::slow);
  EXPECT_EQ(lane(Operation::update, "sys/leases/lookup"), engine::Lane::fast);
  EXPECT_EQ(lane(Operation::read, "sys/leases/renew"), engine::Lane::fast) << "no such path";
  EXPECT_EQ(lane(Operation::read, "secret/data/a"), engine::Lane::fast);
  EXPECT_EQ(lane(Operation::read, "nowhere/at/all"), engine::Lane::fast);
  vault.state->seal();
  EXPECT_EQ(lane(Operation::update, "sys/leases/renew"), engine::Lane::fast);
}

/// CVE-2023-5954's kind: each check of a policy kept a little, until the server was out of memory.
TEST(Pipeline, ChecksOfPoliciesKeepNoMemory) {
  const char* const set = std::getenv("COFFER_POLICY_CHECKS");
  const int checks = set == nullptr ? 5'000 : std::atoi(set);
  ASSERT_GT(checks, 0);
  TestVault vault;
  const std::string text = R"({"policy":"path \"secret/data/a\" { capabilities = [\"read\"] }"})";
  ASSERT_TRUE(vault.call(Operation::update, "sys/policies/acl/one", text).ok());
  const auto made = vault.call(Operation::update, "auth/token/create", R"({"policies":["one"]})");
  ASSERT_TRUE(made.ok() && made->auth);
  const std::string bearer = made->auth->client_token;
  const auto check = [&](int number) {
    const std::string path = "secret/data/other-" + std::to_string(number);
    EXPECT_FALSE(vault.stage(bearer, Operation::read, path).response.ok());
  };
  for (int i = 0; i < 2000; ++i)
    check(i);  // what is remembered on purpose is bounded, and full now
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < checks; ++i) check(i);
  const std::size_t after = ::mallinfo2().uordblks;
  EXPECT_LT(after, before + (std::size_t{1} << 20U)) << "after " << checks << " checks";
}

}  // namespace
}  // namespace coffer::core
