// The index of fingerprints when the nth call of the store, of a transaction or of the token fails,
// for each n: it never says more than there is nor half of it, and after the next run that succeeds
// it says all.
#include <gtest/gtest.h>

#include "fakes/failing_transaction.h"
#include "leak_world.h"

namespace coffer::core {
namespace {

using fakes::FailingTransaction;
using fakes::FakeToken;
using fakes::TestVault;
using model::Operation;

struct Request {
  Operation operation;
  std::string path;
  std::string body;
};

/// Each comes and goes, or changes, in another way.
std::vector<Request> requests() {
  const auto plain = [](int number) { return R"({"k":")" + LeakWorld::value(number) + R"("})"; };
  return {
      {Operation::update, "secret/data/a", LeakWorld::body(1)},
      {Operation::update, "secret/data/a", LeakWorld::body(2)},
      {Operation::update, "secret/data/b/c", LeakWorld::body(1)},
      {Operation::update, "plain/x", plain(1)},
      {Operation::update, "plain/x", plain(3)},
      {Operation::remove, "secret/data/a", ""},
      {Operation::update, "secret/destroy/a", R"({"versions":[1]})"},
      {Operation::remove, "secret/metadata/b/c", ""},
      {Operation::remove, "plain/x", ""},
  };
}

/// No data key is cached: each secret is opened by the token.
class LeakFailures : public testing::Test {
 protected:
  /// More than a step opens, in a few secrets of several versions.
  void fill() {
    for (int i = 0; i < 96; ++i) {
      const std::string path = "secret/data/app/" + std::to_string(i % 12);
      TestVault::must(world_.ask(Operation::update, path, LeakWorld::body(i)));
    }
    TestVault::must(
        world_.ask(Operation::update, "plain/x", R"({"k":"Xk7-Qm2_Rt9.Vw4+Zb6:Jc3!x"})"));
    ASSERT_TRUE(world_.look().complete());
    ASSERT_EQ(world_.look().rows.size(), 97U);
    world_.forget_index();
    ASSERT_TRUE(world_.look().rows.empty());
  }
  void finish() {
    while (TestVault::must(world_.step())) {
    }
    EXPECT_TRUE(world_.job_is_done());
    EXPECT_TRUE(world_.look().complete());
  }

  LeakWorld world_{{.max_age = std::chrono::seconds(0)}};
};

TEST_F(LeakFailures, AWriteOfWhichACallOfTheStoreFailsLeavesItTrue) {
  for (const Request& request : requests()) {
    std::size_t failures = 0;
    for (bool failed = true; failed;) {
      const std::uint64_t before = world_.store.sequence();
      world_.store.fail_nth(failures + 1);
      const auto done = world_.ask(request.operation, request.path, request.body);
      failed = world_.store.has_failed();
      EXPECT_EQ(done.ok(), !failed) << request.path << " at call " << failures + 1;
      EXPECT_EQ(world_.store.sequence() != before, !failed);
      ASSERT_TRUE(world_.look().complete()) << request.path << " at call " << failures + 1;
      if (failed) ++failures;
    }
    EXPECT_GT(failures, 2U) << request.path;
  }
  EXPECT_EQ(world_.look().rows.size(), 1U) << "the second version of a";
}

TEST_F(LeakFailures, AWriteOfWhichACallOfTheTokenFailsLeavesItTrue) {
  std::size_t failures = 0;
  for (const Request& request : requests()) {
    for (std::size_t n = 1;; ++n) {
      FakeToken& token = world_.vault.token;
      const std::uint64_t before = world_.store.sequence();
      token.fail_nth(FakeToken::Method::wrap, n, make_error(ErrorCode::unavailable, "pulled"));
      const auto done = world_.ask(request.operation, request.path, request.body);
      const bool failed = !token.forget_faults();
      EXPECT_EQ(done.ok(), !failed) << request.path << " at call " << n;
      EXPECT_EQ(world_.store.sequence() != before, !failed);
      ASSERT_TRUE(world_.look().complete()) << request.path << " at call " << n;
      if (!failed) break;
      ++failures;
    }
  }
  EXPECT_EQ(failures, 5U) << "each that writes a value, once";
  EXPECT_EQ(world_.look().rows.size(), 1U) << "the second version of a";
}

TEST_F(LeakFailures, TheJobGoesOnWhereverACallOfTheStoreFails) {
  fill();
  std::size_t failures = 0;
  int steps = 0;
  for (std::size_t n = 1;;) {
    const std::uint64_t before = world_.store.sequence();
    world_.store.fail_nth(n);
    const auto done = world_.step();
    if (world_.store.has_failed()) {
      ASSERT_FALSE(done.ok()) << "call " << n << " of step " << steps;
      ASSERT_EQ(world_.store.sequence(), before);
      ++failures;
      ++n;
      continue;
    }
    ASSERT_TRUE(done.ok()) << describe(done.error());
    ASSERT_TRUE(world_.look().consistent()) << "after step " << steps;
    if (!*done) break;
    ++steps;
    n = 1;
  }
  EXPECT_GE(steps, 2);
  EXPECT_GT(failures, 97U) << "at each secret at least";
  EXPECT_TRUE(world_.job_is_done());
  EXPECT_TRUE(world_.look().complete());
}

TEST_F(LeakFailures, TheJobGoesOnWhereverACallOfTheTokenFails) {
  fill();
  FakeToken& token = world_.vault.token;
  std::size_t failures = 0;
  for (std::size_t n = 1;;) {
    const std::uint64_t before = world_.store.sequence();
    token.fail_nth(FakeToken::Method::unwrap, n, make_error(ErrorCode::unavailable, "pulled"));
    const auto done = world_.step();
    if (!token.forget_faults()) {
      ASSERT_FALSE(done.ok()) << "call " << n;
      ASSERT_EQ(world_.store.sequence(), before);
      ++failures;
      ++n;
      continue;
    }
    ASSERT_TRUE(done.ok()) << describe(done.error());
    ASSERT_TRUE(world_.look().consistent());
    if (!*done) break;
    n = 1;
  }
  EXPECT_EQ(failures, 97U) << "at each secret, once";
  EXPECT_TRUE(world_.job_is_done()) << "and none is noted as damaged";
  EXPECT_TRUE(world_.look().complete());
}

TEST_F(LeakFailures, WhatComesAndGoesBetweenFailedStepsIsIndexedAsItIs) {
  fill();
  std::size_t n = 1;
  for (const Request& request : requests()) {
    TestVault::must(world_.ask(request.operation, request.path, request.body));
    world_.store.fail_nth(n += 7);
    const auto done = world_.step();
    ASSERT_EQ(done.ok(), !world_.store.has_failed());
    ASSERT_TRUE(world_.look().consistent()) << request.path;
  }
  for (const char* body : {R"({"versions":[1,2,8]})", R"({"versions":[3]})"}) {
    TestVault::must(world_.ask(Operation::update, "secret/destroy/app/3", body));
    TestVault::must(world_.step());
    ASSERT_TRUE(world_.look().consistent());
  }
  TestVault::must(world_.ask(Operation::remove, "secret/metadata/app/5", ""));
  finish();
  EXPECT_EQ(world_.look().rows.size(), 96U - 4U - 8U + 1U);
}

TEST_F(LeakFailures, AStepThatAnErasureOvertookLeavesNothingOfIt) {
  fill();
  auto staged = TestVault::must(world_.stage_step());
  ASSERT_TRUE(staged);
  for (int i = 0; i < 12; ++i) {
    const std::string path = "secret/metadata/app/" + std::to_string(i);
    TestVault::must(world_.ask(Operation::remove, path, ""));
  }
  const auto late = world_.commit(*std::move(staged));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::conflict);
  EXPECT_TRUE(world_.look().rows.empty());
  finish();
  EXPECT_EQ(world_.look().rows.size(), 1U);
}

// The index itself: whoever calls it drops what a call that failed has staged, so it must say so.

class LeakIndexFailures : public LeakFailures {
 protected:
  LeakIndexFailures() {
    TestVault::must(world_.ask(Operation::update, "plain/x", R"({"k":")" + old_ + R"("})"));
    const auto tx = world_.vault.begin();
    const auto places = TestVault::must(index().find(*tx, old_));
    context_ = {places.at(0).mount, places.at(0).path, places.at(0).version};
    row_ = world_.first_secret();
  }
  LeakIndex& index() { return leak_index(world_.vault.open()); }

  /// Gives in how many ways it failed. `call` gives what it staged and says if it was ok.
  template <typename Call>
  std::size_t fail_at_each(Call call) {
    for (std::size_t n = 1;; ++n) {
      FailingTransaction tx(world_.vault.begin(), n);
      const auto done = call(tx);
      EXPECT_EQ(done.ok(), !tx.has_failed()) << "call " << n;
      EXPECT_TRUE(done.ok() || done.error().code == ErrorCode::unavailable) << "call " << n;
      if (tx.has_failed() && n < 1000) continue;
      TestVault::must(world_.commit(tx.take()));
      return n - 1;
    }
  }
  std::size_t places_of(const std::string& value) {
    return TestVault::must(index().find(*world_.vault.begin(), value)).size();
  }

  const std::string old_ = LeakWorld::value(1);
  const std::string new_ = LeakWorld::value(2);
  const std::string both_ = R"({"a":")" + new_ + R"(","b":")" + LeakWorld::value(3) + R"("})";
  envelope::SecretContext context_;
  envelope::RowName row_;
};

TEST_F(LeakIndexFailures, SealingTellsOfEachCallThatFails) {
  EXPECT_GE(fail_at_each([&](auto& tx) { return index().sealed(tx, row_, context_, both_); }), 4U)
      << "the mark of before, two fingerprints, and the mark";
  EXPECT_EQ(places_of(old_), 0U);
  EXPECT_EQ(places_of(new_), 1U);
  EXPECT_EQ(places_of(LeakWorld::value(3)), 1U);
}

TEST_F(LeakIndexFailures, AddingTellsOfEachCallThatFails) {
  const auto mounts = world_.vault.mounts();
  const auto mount = std::find_if(mounts->all().begin(), mounts->all().end(), [&](const auto& one) {
    return one.mount.uuid == context_.mount;
  });
  const engine::Readable& kv = *engine::readable(*mount->engine);
  EXPECT_EQ(fail_at_each([&](auto& tx) { return index().add(tx, kv, row_, context_, &both_); }),
            3U);
  EXPECT_EQ(places_of(new_), 1U);
}

TEST_F(LeakIndexFailures, ErasingTellsOfEachCallThatFails) {
  EXPECT_EQ(fail_at_each([&](auto& tx) { return index().erased(tx, row_); }), 1U);
  EXPECT_EQ(places_of(old_), 0U);
}

TEST_F(LeakIndexFailures, AskingTellsOfEachCallThatFails) {
  EXPECT_EQ(fail_at_each([&](auto& tx) { return index().find(tx, old_); }), 1U);
  EXPECT_EQ(fail_at_each([&](auto& tx) { return index().holds(tx, row_); }), 2U);
}

}  // namespace
}  // namespace coffer::core
