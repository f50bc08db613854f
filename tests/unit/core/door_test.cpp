// The Door's order: request line, commit, response line, answer; and what each failure gives.
#include "coffer/core/door.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "fakes/fake_log.h"

namespace coffer::core {
namespace {

using Kind = audit::Line::Kind;

struct Seen {
  std::optional<Error> failure;
  bool again = false;
};

class TestReply final : public Reply {
 public:
  TestReply(Uuid request, std::promise<Seen> promise) : id(request), promise_(std::move(promise)) {}
  void fail(const Error& error) override { seen_.failure = error; }
  void done(bool again) {
    seen_.again = again;
    promise_.set_value(seen_);
  }
  const Uuid id;

 private:
  Seen seen_;
  std::promise<Seen> promise_;
};

class TestSink final : public ReplySink {
 public:
  std::function<void(const TestReply&)> on_release;
  void release(std::vector<std::unique_ptr<Reply>> replies) override {
    for (auto& reply : replies) {
      auto& test = static_cast<TestReply&>(*reply);
      if (on_release) on_release(test);
      test.done(false);
    }
  }
  void run_again(std::unique_ptr<Reply> reply) override {
    static_cast<TestReply&>(*reply).done(true);
  }
};

/// A store whose commit fails while told to, and that tells when it commits.
class TestStore final : public store::Store {
 public:
  std::function<void()> on_commit;
  bool fail = false;
  Result<std::unique_ptr<store::Snapshot>> snapshot() override { return inner_->snapshot(); }
  Result<std::vector<store::CommitOutcome>> commit(
      std::span<const store::Transaction> transactions) override {
    if (on_commit) on_commit();
    if (fail) return make_error(ErrorCode::unavailable, "cannot write the store: disk full");
    return inner_->commit(transactions);
  }
  std::uint64_t sequence() const override { return inner_->sequence(); }
  Uuid node() const override { return inner_->node(); }

 private:
  std::unique_ptr<store::Store> inner_ = store::open_memory_store(Uuid{});
};

class DoorTest : public ::testing::Test {
 protected:
  Staged staged(std::uint8_t number, bool writes) {
    Uuid id;
    id.bytes[0] = number;
    Staged out{{audit::Line{Kind::request, id, "{"}, audit::Line{Kind::response, id, "{"}},
               {},
               model::Response{}};
    if (writes) out.writes.writes.push_back({"key" + std::to_string(number), "value"});
    return out;
  }

  std::future<Seen> finish(Staged staged) {
    std::promise<Seen> promise;
    auto future = promise.get_future();
    const Uuid id = staged.entry.response.request;
    door_->finish(std::move(staged), std::make_unique<TestReply>(id, std::move(promise)));
    return future;
  }

  static Seen wait(std::future<Seen>& future) {
    EXPECT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    return future.get();
  }
  Seen run(Staged staged) {
    auto future = finish(std::move(staged));
    return wait(future);
  }

  std::vector<Kind> kinds() const {
    std::vector<Kind> out;
    for (const auto& line : log_.lines()) out.push_back(line.kind);
    return out;
  }
  std::ptrdiff_t count(Kind kind) const {
    const auto all = kinds();
    return std::count(all.begin(), all.end(), kind);
  }
  bool stored(const std::string& key) {
    auto snapshot = store_.snapshot();
    return (*(*snapshot)->get(key)).has_value();
  }

  fakes::FakeLog log_;
  audit::Trail trail_{log_, nullptr, system_clock()};
  TestStore store_;
  State state_{Uuid{}};
  TestSink sink_;
  std::unique_ptr<Door> door_ = std::make_unique<Door>(log_, trail_, store_, state_, sink_);
};

TEST_F(DoorTest, ReadIsLoggedWithOneSyncBeforeItsAnswerLeaves) {
  std::size_t lines_at_release = 0;
  sink_.on_release = [&](const TestReply&) { lines_at_release = log_.lines().size(); };
  EXPECT_FALSE(run(staged(1, false)).failure);
  EXPECT_EQ(lines_at_release, 2U);
  EXPECT_EQ(log_.syncs(), 1);
}

TEST_F(DoorTest, WriteLogsRequestThenCommitsThenLogsResponse) {
  std::size_t lines_at_commit = 0;
  std::size_t lines_at_release = 0;
  store_.on_commit = [&] { lines_at_commit = log_.lines().size(); };
  sink_.on_release = [&](const TestReply&) { lines_at_release = log_.lines().size(); };
  EXPECT_FALSE(run(staged(1, true)).failure);
  EXPECT_EQ(lines_at_commit, 1U);
  EXPECT_EQ(lines_at_release, 2U);
  EXPECT_EQ(kinds(), (std::vector{Kind::request, Kind::response}));
  EXPECT_TRUE(stored("key1"));
}

TEST_F(DoorTest, RequestLineThatCannotBeWrittenMeansNothingHappened) {
  log_.fail_from(1, 2);
  const Seen seen = run(staged(1, true));
  ASSERT_TRUE(seen.failure);
  EXPECT_EQ(seen.failure->code, ErrorCode::unavailable);
  EXPECT_FALSE(stored("key1"));
  EXPECT_FALSE(state_.log_trouble().empty());
}

TEST_F(DoorTest, ServesAgainByItselfOnceTheLogCanBeWritten) {
  log_.fail_from(1, 1);
  EXPECT_TRUE(run(staged(1, false)).failure);
  EXPECT_FALSE(run(staged(2, false)).failure);
  EXPECT_TRUE(state_.log_trouble().empty());
}

TEST_F(DoorTest, ResponseLineLostAfterCommitIsOutcomeUnknownAndClosedLater) {
  log_.fail_from(2, 1);
  const Seen seen = run(staged(1, true));
  ASSERT_TRUE(seen.failure);
  EXPECT_NE(seen.failure->text.find("outcome unknown"), std::string::npos);
  EXPECT_TRUE(stored("key1"));
  EXPECT_EQ(kinds(), (std::vector{Kind::request}));
  EXPECT_FALSE(run(staged(2, false)).failure);
  // The owed line closes the first request before the second one's lines.
  EXPECT_EQ(kinds(), (std::vector{Kind::request, Kind::response, Kind::request, Kind::response}));
  EXPECT_EQ(log_.lines()[1].request.bytes[0], 1);
}

TEST_F(DoorTest, ReadWhoseLineIsLostIsRefusedAndOwesNothing) {
  log_.fail_from(1, 1);
  EXPECT_TRUE(run(staged(1, false)).failure);
  EXPECT_FALSE(run(staged(2, false)).failure);
  EXPECT_EQ(log_.lines().size(), 2U);
}

TEST_F(DoorTest, StoreThatCannotCommitGivesItsErrorAndAFailureLine) {
  store_.fail = true;
  const Seen seen = run(staged(1, true));
  ASSERT_TRUE(seen.failure);
  EXPECT_EQ(seen.failure->code, ErrorCode::unavailable);
  EXPECT_EQ(kinds(), (std::vector{Kind::request, Kind::response}));
  EXPECT_NE(log_.lines()[1].body.find("disk full"), std::string::npos);
}

TEST_F(DoorTest, LoserOfARaceRunsAgainWithItsRequestLineKept) {
  Staged first = staged(1, true);
  first.writes.preconditions.push_back({"key1", 7});
  EXPECT_TRUE(run(std::move(first)).again);
  EXPECT_EQ(kinds(), (std::vector{Kind::request}));
  Staged again = staged(1, true);
  again.entry.request.reset();
  const Seen seen = run(std::move(again));
  EXPECT_FALSE(seen.again);
  EXPECT_FALSE(seen.failure);
  EXPECT_EQ(kinds(), (std::vector{Kind::request, Kind::response}));
}

TEST_F(DoorTest, ABatchSharesItsSyncs) {
  std::promise<void> entered;
  std::promise<void> leave;
  bool first = true;
  sink_.on_release = [&](const TestReply&) {
    if (!std::exchange(first, false)) return;
    entered.set_value();
    leave.get_future().wait();
  };
  auto slow = finish(staged(1, false));
  entered.get_future().wait();
  const int before = log_.syncs();
  std::vector<std::future<Seen>> all;
  for (std::uint8_t i = 2; i < 34; ++i) all.push_back(finish(staged(i, i % 2 == 0)));
  leave.set_value();
  for (auto& one : all) EXPECT_FALSE(wait(one).failure);
  EXPECT_EQ(log_.syncs() - before, 2);  // requests of the writers; everything else
  wait(slow);
}

TEST_F(DoorTest, StatusPathsAnswerWhileTheLogIsBroken) {
  log_.fail_from(1, 1000);
  Staged health = staged(1, false);
  health.answer_unlogged = true;
  EXPECT_FALSE(run(std::move(health)).failure);
  EXPECT_TRUE(run(staged(2, false)).failure);
}

TEST_F(DoorTest, NoticesALostLogFileWithinASecondWithoutTraffic) {
  EXPECT_FALSE(run(staged(1, false)).failure);
  log_.lose_file(true);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (state_.log_trouble().empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_NE(state_.log_trouble().find("unlinked"), std::string::npos);
  EXPECT_TRUE(run(staged(2, false)).failure);
}

TEST_F(DoorTest, RecordsALineOfItsOwnWithoutTraffic) {
  door_->record(trail_.system_line("config_reloaded", "no change"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (log_.lines().empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(kinds(), std::vector{Kind::system});
}

TEST_F(DoorTest, KeepsALineOfItsOwnUntilTheLogCanBeWritten) {
  log_.fail_from(1, 1000);
  door_->record(trail_.system_line("config_reloaded", "no change"));
  EXPECT_TRUE(run(staged(1, false)).failure);
  log_.fail_from(1, 0);
  EXPECT_FALSE(run(staged(2, false)).failure);
  ASSERT_FALSE(log_.lines().empty());
  EXPECT_EQ(kinds().front(), Kind::system);
  EXPECT_EQ(count(Kind::system), 1);
}

TEST_F(DoorTest, RecordsALineOfItsOwnBeforeItStops) {
  door_->record(trail_.system_line("config_reloaded", "no change"));
  door_.reset();
  EXPECT_EQ(kinds(), std::vector{Kind::system});
}

TEST_F(DoorTest, ComesRoundWithoutTraffic) {
  const auto before = door_->last_round();
  EXPECT_GT(before.count(), 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (door_->last_round() == before && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_GT(door_->last_round(), before);
}

TEST_F(DoorTest, FinishesWhatItHasBeforeItStops) {
  std::vector<std::future<Seen>> all;
  for (std::uint8_t i = 1; i < 100; ++i) all.push_back(finish(staged(i, true)));
  door_.reset();
  for (auto& one : all) EXPECT_FALSE(wait(one).failure);
}

}  // namespace
}  // namespace coffer::core
