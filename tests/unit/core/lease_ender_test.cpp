// Ends of leases come by themselves, on the record, whatever their targets do.
#include "coffer/core/lease_ender.h"

#include <gtest/gtest.h>

#include "fakes/no_threads.h"
#include "fakes/test_leases.h"

namespace coffer::core {
namespace {

using fakes::issue_lease;
using fakes::MemoryTarget;
using fakes::TestVault;

class NoSink final : public ReplySink {
 public:
  void release(std::vector<std::unique_ptr<Reply>>) override { ADD_FAILURE() << "released"; }
  void run_again(std::unique_ptr<Reply>) override { ADD_FAILURE() << "run again"; }
};

class LeaseEnderTest : public testing::Test {
 protected:
  std::string issue(const std::string& user, const std::string& target = "db") {
    lifecycle::NewLease wanted;
    wanted.target = target;
    return TestVault::must(issue_lease(vault_, target_, user, wanted));
  }
  void revoke(const std::string& id) {
    ASSERT_TRUE(
        vault_.call(model::Operation::update, "sys/leases/revoke", R"({"lease_id":")" + id + "\"}")
            .ok());
  }
  std::size_t pending() {
    return TestVault::must(lifecycle::LeaseEnds::count(*vault_.begin())).pending;
  }
  template <typename Done>
  void run_until(Done done) {
    Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
    const LeaseEnder ender(*vault_.state, door, system_clock());
    for (int i = 0; i < 4000 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(done());
  }
  std::vector<std::string> lines_with(const std::string& part) {
    std::vector<std::string> found;
    for (const auto& line : vault_.log.lines()) {
      if (line.body.find(part) != std::string::npos) found.push_back(line.body);
    }
    return found;
  }

  TestVault vault_;
  MemoryTarget target_{vault_.open()};
  NoSink sink_;
};

TEST_F(LeaseEnderTest, EndsWhatIsPendingWithBothLinesTheFirstBeforeIt) {
  const std::string id = issue("u");
  std::size_t before = 0;
  target_.on_end = [&](const lifecycle::Lease&) {
    before = lines_with("sys/leases/end/" + id).size();
  };
  revoke(id);
  run_until([&] { return pending() == 0; });
  EXPECT_EQ(target_.users(), 0U);
  EXPECT_EQ(before, 1U);
  EXPECT_EQ(lines_with("sys/leases/end/" + id).size(), 2U);
  EXPECT_EQ(vault_.open().leases->counts().total(), 0U);
}

/// A rotation program may have started as many as there may be.
TEST_F(LeaseEnderTest, WithoutAThreadToBeHadItWaitsForOne) {
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const LeaseEnder ender(*vault_.state, door, system_clock());
  {
    const fakes::NoThreads none;
    revoke(issue("u"));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_EQ(pending(), 1U);
  }
  for (int i = 0; i < 4000 && pending() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(target_.users(), 0U);
  EXPECT_EQ(target_.ends(), 1);
}

TEST_F(LeaseEnderTest, ManyAreEndedAtOnceAndEachOnce) {
  for (int i = 0; i < 200; ++i) revoke(issue(std::to_string(i), "db" + std::to_string(i % 5)));
  run_until([&] { return pending() == 0; });
  EXPECT_EQ(target_.users(), 0U);
  EXPECT_EQ(target_.ends(), 200);
}

TEST_F(LeaseEnderTest, WhoRevokesAPrefixWithSyncIsAnsweredAfterTheLastEnd) {
  for (int i = 0; i < 20; ++i) issue(std::to_string(i), "db" + std::to_string(i % 3));
  std::atomic<bool> answered{false};
  target_.on_end = [&](const lifecycle::Lease&) { EXPECT_FALSE(answered); };
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const LeaseEnder ender(*vault_.state, door, system_clock());
  const auto answer = vault_.call(model::Operation::update, "sys/leases/revoke-prefix/secret/creds",
                                  R"({"sync":true})");
  answered = true;
  ASSERT_TRUE(answer.ok()) << answer.error().text;
  EXPECT_EQ(target_.ends(), 20);
  EXPECT_EQ(target_.users(), 0U);
  EXPECT_EQ(pending(), 0U);
}

TEST_F(LeaseEnderTest, NoMoreOfOneTargetAtOnceThanItMayHave) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  target_.on_end = [&](const lifecycle::Lease&) {
    const int inside = ++now;
    int seen = most;
    while (inside > seen && !most.compare_exchange_weak(seen, inside)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --now;
  };
  for (int i = 0; i < 60; ++i) revoke(issue(std::to_string(i)));
  run_until([&] { return pending() == 0; });
  EXPECT_LE(most, 8);
  EXPECT_GT(most, 1);
}

/// However fast the target is. The first round may be cut short, and the last are held by nothing.
TEST_F(LeaseEnderTest, ManyOfOneTargetKeepAPace) {
  constexpr int kEnds = 60;
  constexpr int kRounds = (kEnds - 3 * static_cast<int>(lifecycle::LeaseEnds::kPerTarget)) /
                          static_cast<int>(lifecycle::LeaseEnds::kPerTarget);
  for (int i = 0; i < kEnds; ++i) revoke(issue(std::to_string(i)));
  const auto began = system_clock().boottime();
  run_until([&] { return pending() == 0; });
  EXPECT_GE(system_clock().boottime() - began, kRounds * LeaseEnder::kPace);
  EXPECT_EQ(target_.ends(), kEnds);
}

TEST_F(LeaseEnderTest, WhatAStopLeavesIsEndedLater) {
  for (int i = 0; i < 60; ++i) revoke(issue(std::to_string(i)));
  run_until([&] { return target_.ends() > 0; });
  run_until([&] { return pending() == 0; });
  EXPECT_EQ(target_.users(), 0U);
  EXPECT_EQ(target_.ends(), 60);
}

/// The others' ends don't wait for calls that hang.
TEST_F(LeaseEnderTest, ATargetThatHangsDelaysNoOther) {
  std::atomic<bool> hangs{true};
  target_.on_end = [&](const lifecycle::Lease& lease) {
    while (lease.terms.target == "dead" && hangs) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  for (int i = 0; i < 20; ++i) revoke(issue("d" + std::to_string(i), "dead"));
  for (int i = 0; i < 50; ++i) revoke(issue("a" + std::to_string(i), "alive"));
  run_until([&] {
    if (target_.users() == 20) hangs = false;
    return !hangs && pending() == 0;
  });
}

TEST_F(LeaseEnderTest, WhatFailsIsOnRecordAndTriedAgain) {
  const std::string id = issue("u");
  target_.set_away(true);
  revoke(id);
  run_until([&] {
    if (target_.ends() == 2) target_.set_away(false);
    return pending() == 0;
  });
  EXPECT_GE(target_.ends(), 3);
  EXPECT_GE(lines_with("the target is away").size(), 2U);
  EXPECT_EQ(target_.users(), 0U);
}

TEST_F(LeaseEnderTest, NothingEndsOutsideWhileItIsPaused) {
  revoke(issue("u"));
  vault_.open().outside_paused = true;
  {
    Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
    const LeaseEnder ender(*vault_.state, door, system_clock());
  }
  EXPECT_EQ(target_.ends(), 0);
  vault_.open().outside_paused = false;
  run_until([&] { return target_.users() == 0; });
}

TEST_F(LeaseEnderTest, AForcedEndIsOnRecordWithWhatTheTargetSaid) {
  const std::string id = issue("u");
  target_.set_away(true);
  ASSERT_TRUE(
      vault_.call(model::Operation::update, "sys/leases/revoke-force/secret/creds/app", "{}").ok());
  run_until([&] { return pending() == 0; });
  EXPECT_EQ(lines_with("the target is away").size(), 1U);
  EXPECT_EQ(target_.users(), 1U);
  EXPECT_EQ(vault_.open().leases->counts().total(), 0U);
}

/// `sync`: the answer waits for the target.
TEST_F(LeaseEnderTest, WhoWaitsForAnEndLearnsHowItWent) {
  const std::string gone = issue("u");
  const std::string stays = issue("v");
  Door door(vault_.log, *vault_.trail, *vault_.store, *vault_.state, sink_);
  const LeaseEnder ender(*vault_.state, door, system_clock());
  const auto revoke_now = [&](const std::string& id) {
    return vault_.call(model::Operation::update, "sys/leases/revoke",
                       R"({"sync":true,"lease_id":")" + id + "\"}");
  };
  EXPECT_TRUE(revoke_now(gone).ok());
  EXPECT_EQ(target_.users(), 1U);
  target_.set_away(true);
  EXPECT_EQ(revoke_now(stays).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(revoke_now("secret/creds/app/nobody").ok());
}

/// What came to nothing is ended by whoever runs ends.
TEST_F(LeaseEnderTest, AnIssueThatWasGivenUpIsEnded) {
  {
    const model::Request request{
        .id = {{7}}, .time = system_clock().wall(), .path = "x", .fields = {}};
    audit::Ticket ticket = vault_.trail->open(request, vault_.peer);
    const auto tx = vault_.begin();
    lifecycle::NewLease wanted{.prefix = "secret/creds/app/",
                               .owner_is_token = false,
                               .kind = "fake",
                               .target = "db",
                               .payload = "u",
                               .ttl = std::chrono::hours(1),
                               .max_ttl = std::chrono::hours(1)};
    auto issuing = TestVault::must(vault_.open().leases->begin(
        ticket, *tx, wanted, "abcdefghijklmnopqrstuvwx", system_clock().wall()));
    target_.add("u");
    static_cast<void>(std::move(ticket).close(model::Response{}));
  }
  run_until([&] { return target_.users() == 0; });
}

}  // namespace
}  // namespace coffer::core
