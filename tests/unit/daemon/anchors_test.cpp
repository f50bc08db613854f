// When the anchor is written, and what it means that somebody else wrote it.
#include "../../../src/daemon/anchors.h"

#include <gtest/gtest.h>

#include <atomic>

#include "coffer/audit/anchor_line.h"
#include "coffer/core/authority.h"
#include "coffer/core/restored.h"
#include "fakes/fake_log.h"
#include "fakes/test_vault.h"

namespace coffer::daemon {
namespace {

using fakes::FakeToken;
using std::chrono::minutes;
using std::chrono::seconds;

class StepClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return WallTime(now_); }
  [[nodiscard]] std::chrono::nanoseconds boottime() const override { return now_; }
  void advance(std::chrono::nanoseconds by) { now_ += by; }

 private:
  std::chrono::nanoseconds now_{std::chrono::hours(24)};
};

/// A log that is as long as the test says.
class LongLog final : public audit::Log {
 public:
  std::uint64_t lines = 10;
  std::vector<std::string> told;  ///< bodies
  bool fails = false;
  Result<void> append(std::span<const audit::Line> more, bool sync) override {
    EXPECT_TRUE(sync) << "or the next checkpoint doesn't cover it";
    if (fails) return make_error(ErrorCode::unavailable, "the disk is full");
    lines += more.size();
    for (const audit::Line& line : more) told.push_back(line.body);
    return {};
  }
  std::uint64_t next_sequence() const override { return lines + 1; }
  audit::LogHead head() override { return {}; }
  Result<audit::SyncedTree> synced_tree() override { return audit::SyncedTree{.size = lines}; }
  Result<void> check() override { return {}; }
};

/// A vault whose anchors are kept, a round at a time.
struct AnchoredVault {
  fakes::TestVault vault;
  StepClock clock;
  LongLog log;
  std::vector<std::string> copies;
  std::shared_ptr<core::Unsealed> open = vault.state->unsealed();
  std::unique_ptr<Anchors> anchors;

  explicit AnchoredVault(bool log_survives = true) {
    open->row_sums = fakes::TestVault::must(
        envelope::RowSums::take_stock(*open->keyring, *vault.store, core::authority_rows()));
    vault.store->keep(open->row_sums);
    anchors = make(Uuid{{1}}, log_survives);
  }
  ~AnchoredVault() { vault.store->keep(nullptr); }

  std::unique_ptr<Anchors> make(const Uuid& incarnation, bool log_survives = true) {
    auto made = std::make_unique<Anchors>(Anchors::Parts{*vault.store, log, clock, log_survives},
                                          incarnation);
    must(made->look(*open->token, *open->keyring));
    made->start([this] { return open; },
                [this](const Error& error) { copies.push_back(error.text); },
                Anchors::Threads::none);
    return made;
  }
  envelope::AnchorsFound there() {
    return must(envelope::read_anchors(*open->token, *open->keyring));
  }
  std::uint64_t counter() {
    const auto found = there();
    return found.newest ? found.newest->counter : 0;
  }
  void round_after(std::chrono::nanoseconds pause) {
    clock.advance(pause);
    anchors->round();
  }
  void write_secret() {
    must(vault.call(model::Operation::update, "secret/data/a", R"({"data":{"v":"1"}})"));
  }
  void write_policy() {
    must(vault.call(model::Operation::update, "sys/policies/acl/p",
                    R"({"policy":"path \"a\" { capabilities = [\"read\"] }"})"));
  }
  template <typename T>
  static T must(Result<T> result) {
    return fakes::TestVault::must(std::move(result));
  }
};

TEST(AnchorKeeping, ItIsWrittenAtOnceAndTellsHowFarStoreAndLogAre) {
  AnchoredVault kept;
  EXPECT_EQ(kept.counter(), 0U);
  kept.anchors->round();
  const auto found = kept.there();
  ASSERT_TRUE(found.newest);
  EXPECT_EQ(found.newest->counter, 1U);
  EXPECT_EQ(found.newest->node, kept.vault.store->node());
  EXPECT_EQ(found.newest->incarnation, (Uuid{{1}}));
  EXPECT_EQ(found.newest->store, AnchoredVault::must(kept.open->row_sums->state()));
  EXPECT_EQ(found.newest->log_lines, 10U);
  const core::AnchorStatus status = kept.anchors->status();
  EXPECT_TRUE(status.supported);
  EXPECT_EQ(status.sequence, found.newest->store.sequence);
  EXPECT_EQ(status.written, kept.clock.wall());
  EXPECT_EQ(status.trouble, "");
}

TEST(AnchorKeeping, ALogThatAPowerCutMayShortenIsntToldOf) {
  AnchoredVault kept(false);
  kept.anchors->round();
  EXPECT_EQ(kept.there().newest->log_lines, 0U);
}

TEST(AnchorKeeping, TheLogTellsWhatStandsOnTheToken) {
  AnchoredVault kept;
  for (std::uint64_t number = 1; number < 4; ++number) {
    kept.anchors->round();
    const envelope::Anchor there = *kept.there().newest;
    ASSERT_EQ(kept.log.told.size(), number);
    const auto said = AnchoredVault::must(audit::read_anchor_line(kept.log.told.back() + "}"));
    EXPECT_EQ(said.number, number);
    EXPECT_EQ(said.sequence, there.store.sequence);
    EXPECT_EQ(said.lines, there.log_lines);
    EXPECT_EQ(AnchoredVault::must(envelope::open_anchor(
                  AnchoredVault::must(from_base64(said.object)), *kept.open->keyring)),
              there);
    kept.write_secret();
    kept.clock.advance(minutes(5));
  }
}

TEST(AnchorKeeping, ThatLineMakesNoOtherAnchorDue) {
  for (const bool log_survives : {true, false}) {
    AnchoredVault kept(log_survives);
    kept.anchors->round();
    for (int i = 0; i < 5; ++i) kept.round_after(minutes(60));
    EXPECT_EQ(kept.counter(), 1U);
    kept.write_secret();
    for (int i = 0; i < 5; ++i) kept.round_after(minutes(60));
    EXPECT_EQ(kept.counter(), 2U);
    EXPECT_EQ(kept.log.told.size(), 2U);
  }
}

TEST(AnchorKeeping, ALogThatTakesNoLineHoldsNoAnchorUp) {
  AnchoredVault kept;
  kept.log.fails = true;
  kept.anchors->round();
  EXPECT_EQ(kept.counter(), 1U);
  EXPECT_EQ(kept.anchors->status().trouble, "");
  for (int i = 0; i < 5; ++i) kept.round_after(minutes(60));
  EXPECT_EQ(kept.counter(), 1U) << "the token isn't worn for the log's sake";
  kept.log.fails = false;
  ++kept.log.lines;
  kept.round_after(minutes(5));
  EXPECT_EQ(kept.counter(), 2U);
  EXPECT_EQ(kept.log.told.size(), 1U);
}

TEST(AnchorKeeping, WhatChangesIsWrittenAfterFiveMinutesAndNoSooner) {
  AnchoredVault kept;
  kept.anchors->round();
  kept.write_secret();
  kept.round_after(minutes(5) - seconds(1));
  EXPECT_EQ(kept.counter(), 1U);
  kept.round_after(seconds(1));
  EXPECT_EQ(kept.counter(), 2U);
  kept.round_after(minutes(60));
  EXPECT_EQ(kept.counter(), 2U) << "nothing changed";
  ++kept.log.lines;
  kept.round_after(seconds(0));
  EXPECT_EQ(kept.counter(), 3U) << "a read is worth an anchor too";
}

TEST(AnchorKeeping, AChangeOfAuthorityIsWrittenSoonerButNotMoreOftenThanEachTenSeconds) {
  AnchoredVault kept;
  kept.anchors->round();
  kept.write_policy();
  kept.round_after(seconds(9));
  EXPECT_EQ(kept.counter(), 1U);
  kept.round_after(seconds(1));
  EXPECT_EQ(kept.counter(), 2U);
  for (int i = 0; i < 100; ++i) {
    kept.write_policy();
    kept.round_after(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(kept.counter(), 3U);
}

TEST(AnchorKeeping, ATokenThatFailsIsTriedAgainAndTheStatusSaysWhy) {
  AnchoredVault kept;
  kept.vault.token.fail_nth(FakeToken::Method::write_data, 1,
                            make_error(ErrorCode::unavailable, "the token is away"));
  kept.anchors->round();
  EXPECT_EQ(kept.counter(), 0U);
  EXPECT_EQ(kept.anchors->status().trouble, "the token is away");
  kept.round_after(seconds(9));
  EXPECT_EQ(kept.counter(), 0U);
  kept.round_after(seconds(1));
  EXPECT_EQ(kept.counter(), 1U);
  EXPECT_EQ(kept.anchors->status().trouble, "");
  EXPECT_TRUE(kept.copies.empty());
}

TEST(AnchorKeeping, AMakeOfTokenThatHoldsNoneIsLeftAlone) {
  AnchoredVault kept;
  kept.vault.token.fail_nth(FakeToken::Method::read_data, 1,
                            make_error(ErrorCode::unsupported, "this make holds none"));
  const auto found =
      AnchoredVault::must(kept.anchors->look(*kept.open->token, *kept.open->keyring));
  EXPECT_EQ(found.newest, std::nullopt);
  kept.round_after(minutes(60));
  EXPECT_EQ(kept.vault.token.calls(FakeToken::Method::write_data), 0U);
  EXPECT_FALSE(kept.anchors->status().supported);
  EXPECT_TRUE(kept.anchors->replace(*kept.open).ok());
}

TEST(AnchorKeeping, AnAnswerThatItCantDoThisIsTroubleAndTriedAgain) {
  AnchoredVault kept;
  for (const auto method : {FakeToken::Method::read_data, FakeToken::Method::write_data}) {
    const std::uint64_t before = kept.counter();
    kept.write_secret();
    kept.vault.token.fail_nth(method, 1, make_error(ErrorCode::precondition, "it can't do this"));
    kept.round_after(minutes(5));
    EXPECT_TRUE(kept.anchors->status().supported);
    EXPECT_EQ(kept.anchors->status().trouble, "it can't do this");
    EXPECT_EQ(kept.counter(), before);
    kept.round_after(seconds(9));
    EXPECT_EQ(kept.counter(), before);
    kept.round_after(seconds(1));
    EXPECT_EQ(kept.counter(), before + 1);
    EXPECT_EQ(kept.anchors->status().trouble, "");
  }
}

TEST(AnchorKeeping, BeforeServingSuchAnAnswerComparesNotNothingAndSaysNothingOfTheStore) {
  AnchoredVault kept;
  kept.vault.token.fail_nth(FakeToken::Method::read_data, 1,
                            make_error(ErrorCode::precondition, "it can't do this"));
  const auto looked = kept.anchors->look(*kept.open->token, *kept.open->keyring);
  ASSERT_FALSE(looked.ok());
  EXPECT_EQ(looked.error().code, ErrorCode::unavailable);
}

TEST(AnchorKeeping, ASecondCopyIsFoundByWhomeverItWroteBehind) {
  AnchoredVault kept;
  kept.anchors->round();
  const auto copy = kept.make(Uuid{{2}});
  copy->round();
  EXPECT_EQ(kept.there().newest->incarnation, (Uuid{{2}}));
  EXPECT_TRUE(kept.copies.empty()) << "it may be the one that was started anew";
  kept.write_secret();
  kept.round_after(minutes(5));
  ASSERT_EQ(kept.copies.size(), 1U);
  EXPECT_NE(kept.copies[0].find("second copy"), std::string::npos);
  EXPECT_EQ(kept.there().newest->incarnation, (Uuid{{2}})) << "what is there stays";
  kept.round_after(minutes(5));
  EXPECT_EQ(kept.copies.size(), 1U);
}

TEST(AnchorKeeping, AnObjectThatStandsThereTwiceIsTroubleAndNoSecondCopy) {
  AnchoredVault kept;
  kept.vault.token.fail_nth(FakeToken::Method::write_data, 1,
                            make_error(ErrorCode::conflict, "two objects have that label"));
  kept.anchors->round();
  EXPECT_TRUE(kept.copies.empty());
  EXPECT_EQ(kept.anchors->status().trouble, "two objects have that label");
  kept.round_after(seconds(10));
  EXPECT_EQ(kept.anchors->status().trouble, "");
}

TEST(AnchorKeeping, OneThatWasLookedAtBeforeServingIsNoSecondCopys) {
  AnchoredVault kept;
  kept.anchors->round();
  kept.anchors = kept.make(Uuid{{3}});
  kept.anchors->round();
  EXPECT_TRUE(kept.copies.empty());
  EXPECT_EQ(kept.counter(), 2U);
}

TEST(AnchorKeeping, WhatWasTakenOnReplacesWhateverIsThere) {
  AnchoredVault kept;
  auto later = *[&] {
    kept.anchors->round();
    return kept.there().newest;
  }();
  later.counter = 41;
  later.epoch = 5;
  later.store.sequence += 100;
  ASSERT_TRUE(envelope::write_anchor(*kept.open->token, *kept.open->keyring, later).ok());
  kept.anchors = kept.make(Uuid{{3}});
  EXPECT_EQ(kept.anchors->epoch(), 5U);
  ASSERT_TRUE(kept.anchors->replace(*kept.open).ok());
  const auto found = kept.there();
  EXPECT_EQ(found.newest->counter, 42U);
  EXPECT_EQ(found.newest->store, AnchoredVault::must(kept.open->row_sums->state()));
  EXPECT_EQ(found.newest->epoch, 5U) << "names of the time that is taken back stay told apart";
}

TEST(AnchorKeeping, SealingWritesALastTimeAndSoDoesTheEnd) {
  AnchoredVault kept;
  {
    Anchors threaded(Anchors::Parts{*kept.vault.store, kept.log, kept.clock}, Uuid{{6}});
    AnchoredVault::must(threaded.look(*kept.open->token, *kept.open->keyring));
    std::atomic<bool> sealed = false;  // the thread reads it
    threaded.start(
        [&]() -> std::shared_ptr<core::Unsealed> {
          if (sealed) return nullptr;
          return kept.open;
        },
        [](const Error&) {});
    sealed = true;
    EXPECT_TRUE(threaded.part(kept.open, minutes(1)));
    EXPECT_EQ(kept.there().newest->store, AnchoredVault::must(kept.open->row_sums->state()));
    kept.write_secret();
    sealed = false;
  }
  EXPECT_EQ(kept.there().newest->store, AnchoredVault::must(kept.open->row_sums->state()));
  EXPECT_EQ(kept.open.use_count(), 2) << "nobody keeps the keys";
}

TEST(AnchorKeeping, ReleasesOfTheTimeThatIsTakenBackCount) {
  fakes::TestVault vault;
  auto tx = vault.begin();
  ASSERT_TRUE(core::raise_releases(*tx, 4).ok());
  vault.commit(tx->take());
  EXPECT_EQ(fakes::TestVault::must(core::restores_released(*vault.begin())), 4U);
  tx = vault.begin();
  ASSERT_TRUE(core::raise_releases(*tx, 2).ok());
  EXPECT_TRUE(tx->take().empty());
}

}  // namespace
}  // namespace coffer::daemon
