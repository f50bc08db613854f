// Due rows and their mark: nothing comes early, nothing is lost, whatever the clock does.
#include "coffer/lifecycle/due.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "coffer/envelope/sealed_store.h"
#include "fakes/fake_token.h"

namespace coffer::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()));
  return *std::move(result);
}
void must(const Result<void>& result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : describe(result.error()));
}

class World {
 public:
  std::unique_ptr<envelope::SealedTransaction> begin() { return must(sealed_->begin()); }
  bool commit(envelope::SealedTransaction& tx) {
    const store::Transaction all[] = {tx.take()};
    return must(store_->commit(all)).front() == store::CommitOutcome::committed;
  }
  void put(const std::string& id, WallTime when, WallTime now) {
    auto tx = begin();
    must(schedule(*tx, "thing", id, when, now));
    EXPECT_TRUE(commit(*tx));
  }
  std::vector<std::string> due_ids(WallTime now, std::size_t limit = 1000) {
    std::vector<std::string> ids;
    for (const Due& row : must(due(*begin(), now, limit)).due) ids.push_back(row.id);
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  bool move_mark(WallTime now) {
    auto tx = begin();
    must(advance(*tx, now));
    const store::Transaction all[] = {tx->take()};
    return !all[0].empty() && must(store_->commit(all)).front() == store::CommitOutcome::committed;
  }
  void run_all(const Handlers& handlers, WallTime now) {
    for (const Due& row : must(due(*begin(), now, 1000)).due) {
      auto tx = begin();
      must(handlers.run(*tx, row, now));
      EXPECT_TRUE(commit(*tx));
    }
  }
  std::set<store::Key> keys() {
    std::set<store::Key> out;
    must(must(store_->snapshot())->scan("", [&](const store::Key& key, const store::Row&) {
      out.insert(key);
      return true;
    }));
    return out;
  }
  /// Flips a bit of every row that isn't among `good`.
  void damage_all_but(const std::set<store::Key>& good) {
    store::Transaction damage;
    must(must(store_->snapshot())->scan("", [&](const store::Key& key, const store::Row& row) {
      if (!good.contains(key)) {
        std::string value = row.value;
        value.back() = static_cast<char>(value.back() ^ 1);
        damage.writes.push_back({key, value});
      }
      return true;
    }));
    const store::Transaction all[] = {std::move(damage)};
    must(store_->commit(all));
  }
  std::size_t rows() {
    std::size_t count = 0;
    must(must(store_->snapshot())->scan("", [&](const store::Key&, const store::Row&) {
      ++count;
      return true;
    }));
    return count;
  }

 private:
  fakes::FakeToken token_;
  std::unique_ptr<store::Store> store_ = store::open_memory_store(Uuid{});
  std::unique_ptr<envelope::Keyring> keyring_ = must(envelope::Keyring::create(token_, Uuid{{1}}));
  std::unique_ptr<envelope::SealedStore> sealed_ =
      must(envelope::open_sealed_store(*keyring_, token_, *store_, {}, system_clock()));
};

using Ids = std::vector<std::string>;
const WallTime kNow{hours(24 * 365 * 50)};

Handlers counting(std::multiset<std::string>& seen) {
  Handlers handlers;
  handlers.add("thing", [&seen](envelope::SealedTransaction&, const Due& row, WallTime) {
    seen.insert(row.id);
    return Result<void>();
  });
  return handlers;
}

TEST(Due, TellsWhenTheNextRowOfThisMinuteComes) {
  World world;
  const WallTime now{hours(10) + seconds(5)};
  EXPECT_FALSE(must(due(*world.begin(), now, 10)).next);
  world.put("later", now + std::chrono::milliseconds(300), now);
  world.put("sooner", now + std::chrono::milliseconds(50), now);
  world.put("now", now, now);
  const Sweep found = must(due(*world.begin(), now, 10));
  EXPECT_EQ(found.due.size(), 1U);
  EXPECT_EQ(found.next, now + std::chrono::milliseconds(50));
}

TEST(Due, NothingIsDueInAStoreThatNeverSawARow) {
  World world;
  EXPECT_EQ(world.due_ids(kNow), Ids{});
  EXPECT_FALSE(world.move_mark(kNow + hours(1)));
}

TEST(Due, ARowComesAtItsTimeAndNotANanosecondBefore) {
  World world;
  const WallTime when = kNow + minutes(90) + seconds(7);
  world.put("a", when, kNow);
  EXPECT_EQ(world.due_ids(kNow), Ids{});
  EXPECT_EQ(world.due_ids(when - std::chrono::nanoseconds(1)), Ids{});
  EXPECT_EQ(world.due_ids(when), Ids{"a"});
  EXPECT_EQ(world.due_ids(when + hours(30)), Ids{"a"});
}

TEST(Due, WhatIsPastIsDueAtOnce) {
  World world;
  world.put("first", kNow + hours(1), kNow);
  world.put("past", kNow - hours(5), kNow);
  world.put("now", kNow, kNow);
  EXPECT_EQ(world.due_ids(kNow), (Ids{"now", "past"}));
}

TEST(Due, APastRowIsFoundAlsoWhenTheMarkHasMovedBeyondItsMinute) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  ASSERT_TRUE(world.move_mark(kNow + hours(3)));
  world.put("past", kNow, kNow + hours(3));
  EXPECT_EQ(world.due_ids(kNow + hours(3)), Ids{"past"});
}

TEST(Due, AClockThatWasSetBackLosesAndHoldsBackNothing) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  ASSERT_TRUE(world.move_mark(kNow + hours(3)));
  // The clock goes back by three hours: these stand under a minute that is yet to come.
  world.put("soon", kNow + seconds(30), kNow);
  world.put("done", kNow, kNow);
  EXPECT_EQ(world.due_ids(kNow), Ids{"done"});
  EXPECT_EQ(world.due_ids(kNow + seconds(30)), (Ids{"done", "soon"}));
}

/// They all stand under one minute to come, and those whose time is far must not hide the others.
TEST(Due, AClockThatWasSetBackHidesNoneOfMany) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  ASSERT_TRUE(world.move_mark(kNow + hours(3)));
  {
    const auto tx = world.begin();
    for (int i = 0; i < 3000; ++i) {
      const WallTime when = kNow + (i % 150 == 0 ? seconds(30) : seconds(7200));
      must(schedule(*tx, "thing", std::to_string(i), when, kNow));
    }
    EXPECT_TRUE(world.commit(*tx));
  }
  EXPECT_EQ(world.due_ids(kNow + seconds(29)), Ids{});
  EXPECT_EQ(world.due_ids(kNow + seconds(30)).size(), 20U);
}

/// A request goes by a clock that was set ahead, the sweep doesn't, until that is confirmed.
TEST(Due, WhatIsDueAtOnceWaitsForNoClock) {
  World world;
  world.put("a", kNow + hours(48), kNow + hours(48));
  EXPECT_EQ(world.due_ids(kNow), Ids{"a"});
  ASSERT_TRUE(world.move_mark(kNow + hours(50)));
  EXPECT_EQ(world.due_ids(kNow), Ids{"a"}) << "no mark passes it";
  std::multiset<std::string> seen;
  world.run_all(counting(seen), kNow);
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_EQ(world.due_ids(kNow + hours(60)), Ids{});
}

TEST(Due, WhatIsOlderComesBeforeWhatIsDueAtOnce) {
  World world;
  world.put("old", kNow + minutes(1), kNow);
  world.put("now", kNow + minutes(5), kNow + minutes(5));
  EXPECT_EQ(world.due_ids(kNow + minutes(5), 1), Ids{"old"});
}

/// Millions of minutes, of which a few have rows.
TEST(Due, ALeapOfYearsHoldsNobodyUp) {
  World world;
  world.put("soon", kNow + minutes(10), kNow);
  world.put("later", kNow + hours(24 * 365 * 30), kNow);
  const WallTime now = kNow + hours(24 * 365 * 20);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(world.due_ids(now), Ids{"soon"});
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(20)) << "each took 20 s before";
}

TEST(Due, ManyOfOneMinuteComeInBoundedSteps) {
  World world;
  for (int i = 0; i < 25; ++i) world.put("row" + std::to_string(i), kNow + minutes(2), kNow);
  const Sweep first = must(due(*world.begin(), kNow + hours(1), 10));
  EXPECT_EQ(first.due.size(), 10U);
  EXPECT_TRUE(first.more);
  std::multiset<std::string> seen;
  const Handlers handlers = counting(seen);
  for (int step = 0; step < 3; ++step) {
    for (const Due& row : must(due(*world.begin(), kNow + hours(1), 10)).due) {
      auto tx = world.begin();
      must(handlers.run(*tx, row, kNow + hours(1)));
      EXPECT_TRUE(world.commit(*tx));
    }
  }
  EXPECT_EQ(seen.size(), 25U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 25U);
}

TEST(Due, WeeksWithoutASweepAreCaughtUpInSteps) {
  World world;
  world.put("old", kNow + minutes(5), kNow);
  world.put("late", kNow + hours(24 * 8), kNow);
  const WallTime now = kNow + hours(24 * 9);
  std::multiset<std::string> seen;
  const Handlers handlers = counting(seen);
  int steps = 0;
  for (; seen.size() < 2 && steps < 20; ++steps) {
    world.run_all(handlers, now);
    world.move_mark(now);
  }
  EXPECT_EQ(seen, (std::multiset<std::string>{"late", "old"}));
  EXPECT_LT(steps, 5);
}

TEST(Due, TheMarkStopsBeforeARowThatNobodyHandled) {
  World world;
  world.put("stuck", kNow + minutes(30), kNow);
  ASSERT_TRUE(world.move_mark(kNow + hours(5)));
  EXPECT_FALSE(world.move_mark(kNow + hours(9)));
  EXPECT_EQ(world.due_ids(kNow + hours(9)), Ids{"stuck"});
}

TEST(Due, ARowThatCannotBeReadHoldsUpItsOwnMinuteAlone) {
  World world;
  world.put("before", kNow + minutes(20), kNow);
  world.put("after", kNow + minutes(40), kNow);
  const auto good = world.keys();
  world.put("bad", kNow + minutes(30), kNow);
  world.damage_all_but(good);
  const WallTime later = kNow + hours(24 * 2);
  const Sweep sweep = must(due(*world.begin(), later, 10));
  ASSERT_TRUE(sweep.trouble.has_value());
  EXPECT_EQ(sweep.trouble->code, ErrorCode::corrupt);
  EXPECT_EQ(world.due_ids(later), (Ids{"after", "before"}));
  std::multiset<std::string> seen;
  world.run_all(counting(seen), later);
  EXPECT_EQ(seen.size(), 2U);
  while (world.move_mark(later)) {
  }
  world.put("new", later + minutes(5), later);
  world.put("now", later, later);
  EXPECT_EQ(world.due_ids(later), Ids{"now"});
  EXPECT_EQ(world.due_ids(later + hours(1)), (Ids{"new", "now"}));
}

TEST(Due, WhatFailsIsPutOffAndNotGivenUp) {
  World world;
  world.put("a", kNow, kNow);
  const Sweep sweep = must(due(*world.begin(), kNow, 10));
  auto tx = world.begin();
  must(postpone(*tx, sweep.due.front(), kNow + minutes(5), kNow));
  EXPECT_TRUE(world.commit(*tx));
  EXPECT_EQ(world.due_ids(kNow), Ids{});
  EXPECT_EQ(world.due_ids(kNow + minutes(5)), Ids{"a"});
  auto again = world.begin();
  must(postpone(*again, sweep.due.front(), kNow + minutes(9), kNow));
  EXPECT_TRUE(again->take().empty()) << "it isn't there any more, so nothing is made of it";
}

TEST(Due, TheMarkMovesOnlyWhereThatSavesSomething) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  EXPECT_FALSE(world.move_mark(kNow + minutes(8)));
  EXPECT_TRUE(world.move_mark(kNow + minutes(12)));
  EXPECT_FALSE(world.move_mark(kNow + minutes(12)));
}

TEST(Due, AMoveOfTheMarkLosesAgainstARowThatItDidNotSee) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  auto sweeper = world.begin();
  must(advance(*sweeper, kNow + hours(3)));
  world.put("between", kNow + hours(1), kNow);
  EXPECT_FALSE(world.commit(*sweeper));
  EXPECT_EQ(world.due_ids(kNow + hours(3)), Ids{"between"});
}

TEST(Due, ARowLosesAgainstAMarkThatMovedBeyondIt) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  auto writer = world.begin();
  must(schedule(*writer, "thing", "slow", kNow + hours(1), kNow));
  ASSERT_TRUE(world.move_mark(kNow + hours(3)));
  EXPECT_FALSE(world.commit(*writer));
  world.put("slow", kNow + hours(1), kNow + hours(3));
  EXPECT_EQ(world.due_ids(kNow + hours(3)), Ids{"slow"});
}

TEST(Due, TwoWritersOfOneMinuteDoNotDisturbEachOther) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  auto one = world.begin();
  auto other = world.begin();
  must(schedule(*one, "thing", "one", kNow + minutes(5), kNow));
  must(schedule(*other, "thing", "other", kNow + minutes(5), kNow));
  EXPECT_TRUE(world.commit(*one));
  EXPECT_TRUE(world.commit(*other));
  EXPECT_EQ(world.due_ids(kNow + minutes(5)), (Ids{"one", "other"}));
}

TEST(Due, LeavesNothingBehindOnceAllIsDone) {
  World world;
  world.put("far", kNow + hours(9), kNow);
  const std::size_t before = world.rows();
  for (int i = 0; i < 20; ++i) world.put("r" + std::to_string(i), kNow + minutes(i), kNow);
  std::multiset<std::string> seen;
  world.run_all(counting(seen), kNow + hours(1));
  ASSERT_TRUE(world.move_mark(kNow + hours(1)));
  EXPECT_EQ(world.rows(), before);
}

TEST(Handlers, AHandlerMayScheduleTheSameThingForTheSameMinute) {
  World world;
  world.put("a", kNow - seconds(1), kNow);
  int runs = 0;
  Handlers handlers;
  handlers.add("thing", [&](envelope::SealedTransaction& tx, const Due& row, WallTime now) {
    return ++runs < 3 ? schedule(tx, "thing", row.id, now, now) : Result<void>();
  });
  for (int i = 0; i < 5; ++i) world.run_all(handlers, kNow);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(world.due_ids(kNow), Ids{});
}

TEST(Handlers, ARowThatSomeoneElseTookRunsNothing) {
  World world;
  world.put("a", kNow, kNow);
  std::multiset<std::string> seen;
  const Handlers handlers = counting(seen);
  const Sweep sweep = must(due(*world.begin(), kNow, 10));
  ASSERT_EQ(sweep.due.size(), 1U);
  for (int i = 0; i < 2; ++i) {
    auto tx = world.begin();
    must(handlers.run(*tx, sweep.due.front(), kNow));
    EXPECT_TRUE(world.commit(*tx));
  }
  EXPECT_EQ(seen.size(), 1U);
}

TEST(Handlers, ARowChangedMeanwhileIsNotTakenAway) {
  World world;
  world.put("a", kNow, kNow);
  std::multiset<std::string> seen;
  const Handlers handlers = counting(seen);
  const Sweep sweep = must(due(*world.begin(), kNow, 10));
  auto slow = world.begin();
  must(handlers.run(*slow, sweep.due.front(), kNow));
  world.put("a", kNow, kNow);
  EXPECT_FALSE(world.commit(*slow));
  EXPECT_EQ(world.due_ids(kNow), Ids{"a"});
}

TEST(Handlers, AKindStaysInsideUnlessItSaysOtherwise) {
  Handlers handlers;
  const auto nothing = [](envelope::SealedTransaction&, const Due&, WallTime) -> Result<void> {
    return {};
  };
  handlers.add("token", nothing);
  handlers.add("lease", nothing, Effects::outside);
  EXPECT_FALSE(handlers.reaches_outside("token"));
  EXPECT_TRUE(handlers.reaches_outside("lease"));
  EXPECT_FALSE(handlers.reaches_outside("nobody knows"));
}

TEST(Handlers, AKindThatNobodyHandlesKeepsItsRow) {
  World world;
  world.put("a", kNow, kNow);
  const Handlers none;
  const Sweep sweep = must(due(*world.begin(), kNow, 10));
  auto tx = world.begin();
  const auto run = none.run(*tx, sweep.due.front(), kNow);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::internal);
  EXPECT_EQ(world.due_ids(kNow), Ids{"a"});
}

TEST(Handlers, AFailureOfAHandlerKeepsTheRow) {
  World world;
  world.put("a", kNow, kNow);
  Handlers handlers;
  handlers.add("thing", [](envelope::SealedTransaction&, const Due&, WallTime) {
    return Result<void>(make_error(ErrorCode::unavailable, "not now"));
  });
  auto tx = world.begin();
  const Sweep sweep = must(due(*tx, kNow, 10));
  EXPECT_FALSE(handlers.run(*tx, sweep.due.front(), kNow).ok());
  EXPECT_EQ(world.due_ids(kNow), Ids{"a"});
}

TEST(Due, AStoreThatLostItsMarkLooksAtAllThatWasDue) {
  World world;
  world.put("a", kNow + minutes(2), kNow);
  world.put("b", kNow + hours(2), kNow);
  const WallTime later = kNow + hours(1);
  auto tx = world.begin();
  tx->erase({{.mount = {}, .table = 6}, {}, "mark"}, envelope::Expect::anything());
  EXPECT_TRUE(world.commit(*tx));
  EXPECT_EQ(world.due_ids(later), Ids{});
  tx = world.begin();
  must(mend_mark(*tx, later));
  EXPECT_TRUE(world.commit(*tx));
  tx = world.begin();
  must(mend_mark(*tx, later));
  EXPECT_TRUE(tx->take().empty()) << "it has one";
  EXPECT_EQ(world.due_ids(later), Ids{"a"});
  EXPECT_EQ(world.due_ids(kNow + hours(3)), (Ids{"a", "b"}));
}

/// Random rows, sweeps, moves of the mark and steps of the clock; at the end each row was handled
/// exactly once.
TEST(Due, EveryRowIsHandledExactlyOnceWhateverHappens) {
  rc::check([] {
    World world;
    std::multiset<std::string> seen;
    const Handlers handlers = counting(seen);
    WallTime now = kNow;
    WallTime latest = kNow;
    int made = 0;
    const int steps = *rc::gen::inRange(5, 40);
    for (int step = 0; step < steps; ++step) {
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          latest = std::max(latest, now) + seconds(500);
          world.put("r" + std::to_string(made++), now + seconds(*rc::gen::inRange(-500, 500)), now);
          break;
        case 1: world.run_all(handlers, now); break;
        case 2: world.move_mark(now); break;
        default: now += seconds(*rc::gen::inRange(-400, 900)); break;
      }
    }
    latest = std::max(latest, now);
    for (int i = 0; i < 3; ++i) {
      world.run_all(handlers, latest);
      world.move_mark(latest);
    }
    RC_ASSERT(static_cast<int>(seen.size()) == made);
    RC_ASSERT(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
  });
}

}  // namespace
}  // namespace coffer::lifecycle
