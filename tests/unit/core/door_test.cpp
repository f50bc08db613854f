// The Door's order: request line, commit, response line, answer; and what each failure gives.
#include "coffer/core/door.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>

#include "fakes/fake_log.h"

namespace coffer::core {
namespace {

using Kind = audit::Line::Kind;

constexpr std::uint8_t kHeld = 250;  ///< the request with which HeldDoor holds the Door

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
  std::function<void()> on_hold;
  void release(std::vector<std::unique_ptr<Reply>> replies) override {
    for (auto& reply : replies) {
      auto& test = static_cast<TestReply&>(*reply);
      if (test.id.bytes[0] == kHeld) on_hold();
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
  void keep(std::shared_ptr<store::Ledger> ledger) override { inner_->keep(std::move(ledger)); }
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
  /// The numbers of the requests, line by line.
  std::vector<int> requests() const {
    std::vector<int> out;
    for (const auto& line : log_.lines()) out.push_back(line.request.bytes[0]);
    return out;
  }
  /// A read whose release holds the Door until it is let go: what comes meanwhile is one batch.
  class HeldDoor {
   public:
    explicit HeldDoor(DoorTest& test) {
      test.sink_.on_hold = [this] {
        entered_.set_value();
        leave_.get_future().wait();
      };
      slow_ =
          std::async(std::launch::async, [&test] { return test.run(test.staged(kHeld, false)); });
      entered_.get_future().wait();
    }
    void let_go() {
      leave_.set_value();
      EXPECT_FALSE(slow_.get().failure);
    }

   private:
    std::promise<void> entered_;
    std::promise<void> leave_;
    std::future<Seen> slow_;
  };

  bool stored(const std::string& key) {
    auto snapshot = store_.snapshot();
    return (*(*snapshot)->get(key)).has_value();
  }

  fakes::FakeLog log_;
  audit::Trail trail_{log_, nullptr, system_clock()};
  TestStore store_;
  State state_;
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
  HeldDoor held(*this);
  const int before = log_.syncs();
  std::vector<std::future<Seen>> all;
  for (std::uint8_t i = 2; i < 34; ++i) all.push_back(finish(staged(i, i % 2 == 0)));
  held.let_go();
  for (auto& one : all) EXPECT_FALSE(wait(one).failure);
  EXPECT_EQ(log_.syncs() - before, 2);  // all but the writers' response lines; those
}

// Batch after batch: the response lines of one and the request lines of the next share a sync, and
// still each request line is there before its own commit, each response line before its answer.
TEST_F(DoorTest, AWritersResponseSharesTheSyncOfTheNextWritersRequest) {
  std::vector<std::future<Seen>> all;
  std::vector<std::size_t> lines_at_commit;
  std::map<int, std::size_t> lines_at_release;
  std::uint8_t next = 2;
  store_.on_commit = [&] {
    lines_at_commit.push_back(log_.lines().size());
    if (next <= 4) all.push_back(finish(staged(next++, true)));  // comes while this is committed
  };
  sink_.on_release = [&](const TestReply& reply) {
    lines_at_release[reply.id.bytes[0]] = log_.lines().size();
  };
  all.push_back(finish(staged(1, true)));
  for (auto& one : all) EXPECT_FALSE(wait(one).failure);
  EXPECT_EQ(log_.syncs(), 5);
  EXPECT_EQ(lines_at_commit, (std::vector<std::size_t>{1, 3, 5, 7}));
  EXPECT_EQ(lines_at_release, (std::map<int, std::size_t>{{1, 3}, {2, 5}, {3, 7}, {4, 8}}));
  EXPECT_EQ(requests(), (std::vector<int>{1, 1, 2, 2, 3, 3, 4, 4}));
}

TEST_F(DoorTest, AReadDoesntWaitForTheCommitOfItsBatch) {
  HeldDoor held(*this);
  std::vector<std::string> order;
  sink_.on_release = [&](const TestReply& reply) {
    order.push_back("release " + std::to_string(reply.id.bytes[0]));
  };
  store_.on_commit = [&] { order.emplace_back("commit"); };
  auto write = finish(staged(2, true));
  auto read = finish(staged(3, false));
  held.let_go();
  wait(read);
  wait(write);
  EXPECT_EQ(order, (std::vector<std::string>{"release 250", "release 3", "commit", "release 2"}));
}

// One append had the answer of one writer and the request of the next, and failed.
TEST_F(DoorTest, AFailedSharedAppendMakesOneOutcomeUnknownAndTheOtherRefused) {
  std::optional<std::future<Seen>> second;
  log_.fail_from(2, 1);
  store_.on_commit = [&] {
    if (!second) second = finish(staged(2, true));
  };
  const Seen first = run(staged(1, true));
  ASSERT_TRUE(first.failure);
  EXPECT_NE(first.failure->text.find("outcome unknown"), std::string::npos);
  const Seen refused = wait(*second);
  ASSERT_TRUE(refused.failure);
  EXPECT_EQ(refused.failure->text.find("outcome unknown"), std::string::npos);
  EXPECT_TRUE(stored("key1"));
  EXPECT_FALSE(stored("key2"));
  EXPECT_FALSE(run(staged(3, false)).failure);
  EXPECT_EQ(requests(), (std::vector<int>{1, 1, 3, 3}));
}

TEST_F(DoorTest, AnOwedLineIsWrittenWithoutTraffic) {
  log_.fail_from(2, 1);
  EXPECT_TRUE(run(staged(1, true)).failure);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (log_.lines().size() < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(kinds(), (std::vector{Kind::request, Kind::response}));
}

// A request that lost a race has its line in the log: refused now, it must not stay open there.
TEST_F(DoorTest, ARerunThatIsRefusedIsClosedInTheLogLater) {
  Staged first = staged(1, true);
  first.writes.preconditions.push_back({"key1", 7});
  EXPECT_TRUE(run(std::move(first)).again);
  Staged again = staged(1, true);
  again.entry.request.reset();
  HeldDoor held(*this);
  log_.fail_from(1, 1);
  auto rerun = finish(std::move(again));
  auto beside = finish(staged(2, true));
  held.let_go();
  EXPECT_TRUE(wait(rerun).failure);
  EXPECT_TRUE(wait(beside).failure);
  EXPECT_FALSE(stored("key1"));
  EXPECT_FALSE(run(staged(3, false)).failure);
  EXPECT_EQ(requests(), (std::vector<int>{1, kHeld, kHeld, 1, 3, 3}));
}

TEST_F(DoorTest, ManyThreadsFinishAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 1; i <= 50; ++i) {
        const auto number = static_cast<std::uint8_t>(thread * 50 + i);
        if (!run(staged(number, i % 3 == 0)).failure) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
  EXPECT_EQ(log_.lines().size(), 400U);
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
