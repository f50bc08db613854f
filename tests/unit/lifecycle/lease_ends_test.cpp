// Ends that are pending: never given up, and never in the way of each other.
#include "coffer/lifecycle/lease_ends.h"

#include "unit/lifecycle/lease_kit.h"

namespace coffer::lifecycle {
namespace {

NewLease of(const std::string& target, int number) {
  NewLease wanted = LeaseWorld::wanted(target + std::to_string(number));
  wanted.target = target;
  return wanted;
}

TEST(LeaseEnds, ATargetThatIsAwayIsTriedEverMoreSeldomAndForEver) {
  LeaseWorld world;
  world.end(world.issue(LeaseWorld::wanted()));
  world.targets["db"].away = true;
  world.live(hours(3), seconds(5));
  const int tries = world.targets["db"].ends;
  EXPECT_GT(tries, 200);
  EXPECT_LT(tries, 700) << "each half a minute at most";
  EXPECT_EQ(world.pending(), 1U);
  world.targets["db"].away = false;
  world.live(seconds(32));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.pending(), 0U);
}

TEST(LeaseEnds, AllOfATargetFollowWithinAMinuteOfItsReturn) {
  LeaseWorld world;
  for (int i = 0; i < 500; ++i) world.issue(of("db", i));
  world.targets["db"].away = true;
  world.live(hours(2), seconds(20));
  EXPECT_EQ(world.users(), 500U);
  world.targets["db"].away = false;
  world.live(minutes(1));
  EXPECT_EQ(world.users(), 0U);
}

TEST(LeaseEnds, OneDeadTargetDelaysNoOther) {
  LeaseWorld world;
  for (int i = 0; i < 40; ++i) {
    world.issue(of("dead", i));
    world.issue(of("alive", i));
  }
  world.targets["dead"].away = true;
  world.clock.advance(hours(2));
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.users("alive"), 0U);
  EXPECT_EQ(world.users("dead"), 40U);
  EXPECT_LT(world.targets["dead"].ends, 10);
}

TEST(LeaseEnds, WhatATargetRefusesHoldsBackNothingElseOfIt) {
  LeaseWorld world;
  for (int i = 0; i < 200; ++i) {
    if (i % 2 == 0) world.targets["db"].stuck.insert("db" + std::to_string(i));
    world.end(world.issue(of("db", i)));
  }
  world.run_ends();
  EXPECT_EQ(world.users(), 100U);
  EXPECT_TRUE(world.leases->ends().reachable("db"));
  world.targets["db"].stuck.clear();
  world.live(minutes(6));
  EXPECT_EQ(world.users(), 0U);
}

TEST(LeaseEnds, FailuresAreToldAndSurviveARestart) {
  LeaseWorld world;
  world.end(world.issue(LeaseWorld::wanted()));
  world.targets["db"].away = true;
  const WallTime since = world.now();
  world.live(minutes(2));
  const auto told = [&] {
    const auto targets = must(world.leases->ends().targets(*world.begin()));
    EXPECT_EQ(targets.size(), 1U);
    EXPECT_EQ(targets[0].name, "db");
    EXPECT_EQ(targets[0].pending, 1U);
    EXPECT_LT(targets[0].failing_since - since, seconds(2));
    EXPECT_GT(targets[0].attempts, 5U);
    EXPECT_EQ(targets[0].last_error, "the target is away");
  };
  told();
  EXPECT_EQ(world.leases->ends().failing(minutes(1)), std::vector<std::string>{"db"});
  EXPECT_TRUE(world.leases->ends().failing(hours(1)).empty());
  world.restart();
  told();
  world.targets["db"].away = false;
  world.live(seconds(32));
  EXPECT_TRUE(must(world.leases->ends().targets(*world.begin())).empty());
  EXPECT_TRUE(world.leases->ends().failing(seconds(0)).empty());
}

TEST(LeaseEnds, AForcedEndIsForgottenWhateverTheTargetSays) {
  LeaseWorld world;
  world.targets["db"].stuck.insert("stuck");
  const std::string id = world.issue(LeaseWorld::wanted("stuck"));
  world.end(id);
  world.live(minutes(1));
  EXPECT_EQ(world.pending(), 1U);
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/creds/app/", world.now(), true));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.run_ends();
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(world.users(), 1U) << "that is what it means";
}

TEST(LeaseEnds, WhoWaitsForAPrefixLearnsThatItsEndsHaveNotBeenTaken) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  const std::string other = world.issue(LeaseWorld::wanted("v", "other"));
  const auto waited = world.end_prefix_and_wait("database/creds/app/", seconds(0));
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(world.find(id).has_value()) << "it is revoked all the same";
  world.targets["db"].stuck.insert("u");
  world.run_ends();
  EXPECT_FALSE(world.end_prefix_and_wait("database/creds/app/", seconds(0)).ok()) << "refused";
  world.targets["db"].stuck.clear();
  world.live(minutes(6));
  must(world.end_prefix_and_wait("database/creds/app/", seconds(0)));
  EXPECT_TRUE(world.find(other).has_value());
}

EndTarget only_target(LeaseWorld& world) {
  const auto targets = must(world.leases->ends().targets(*world.begin()));
  return targets.size() == 1 ? targets.front() : EndTarget{};
}

// A right was taken away, or the user owns something: nobody else would tell.
TEST(LeaseEnds, ARefusedEndIsSeenWhileOthersGoOn) {
  LeaseWorld world;
  world.targets["db"].stuck.insert("u");
  world.end(world.issue(LeaseWorld::wanted("u")));
  world.live(minutes(2));
  world.end(world.issue(LeaseWorld::wanted("v")));
  world.live(seconds(5));
  EXPECT_EQ(world.users(), 1U);
  EXPECT_EQ(world.leases->ends().failing(seconds(100)), std::vector<std::string>{"db"});
  EXPECT_TRUE(world.leases->ends().failing(minutes(5)).empty());
  const EndTarget told = only_target(world);
  EXPECT_NE(told.failing_since, WallTime{});
  EXPECT_GT(told.attempts, 3U);
  EXPECT_EQ(told.last_error, "the user owns objects");
  EXPECT_GT(told.next_try, world.now());
  world.restart();
  world.live(minutes(1));
  EXPECT_EQ(world.leases->ends().failing(seconds(0)).size(), 1U);
  world.targets["db"].stuck.clear();
  world.live(minutes(1));
  EXPECT_EQ(world.users(), 0U) << "within a minute after the right is back";
  EXPECT_TRUE(world.leases->ends().failing(seconds(0)).empty());
}

TEST(LeaseEnds, OfRefusedEndsTheOldestIsTold) {
  LeaseWorld world;
  const WallTime began = world.now();
  WallTime second;
  std::vector<std::string> ids;
  for (const char* user : {"a", "b", "c", "d", "e", "f"}) {
    world.targets["db"].stuck.insert(user);
    ids.push_back(world.issue(LeaseWorld::wanted(user)));
    if (ids.size() == 2) second = world.now();
    world.end(ids.back());
    world.live(seconds(100));
  }
  const auto told = [&](WallTime since, const char* when) {
    const EndTarget target = only_target(world);
    EXPECT_LT(target.failing_since - since, seconds(2)) << when;
    EXPECT_GE(target.failing_since, since) << when;
    EXPECT_GT(target.attempts, 9U) << when;
  };
  told(began, "in this process");
  world.restart();
  world.run_ends();
  told(began, "after a restart");
  world.targets["db"].stuck.erase("a");
  world.live(seconds(40));
  told(second, "when the oldest was taken");
}

// Nobody would know for a minute, each time.
TEST(LeaseEnds, ARefusedEndIsSeenAtOnceAfterARestart) {
  LeaseWorld world;
  world.targets["db"].stuck.insert("u");
  world.end(world.issue(LeaseWorld::wanted("u")));
  world.live(minutes(3));
  const int tries = world.targets["db"].ends;
  world.restart();
  world.run_ends();
  EXPECT_EQ(world.targets["db"].ends, tries) << "its row tells, no try";
  EXPECT_EQ(world.leases->ends().failing(minutes(2)), std::vector<std::string>{"db"});
  EXPECT_TRUE(world.leases->ends().failing(minutes(5)).empty());
  EXPECT_NE(only_target(world).failing_since, WallTime{});
}

TEST(LeaseEnds, ARefusedEndIsSeenOnceItsTargetIsBack) {
  LeaseWorld world;
  world.targets["db"].stuck.insert("u");
  world.end(world.issue(LeaseWorld::wanted("u")));
  world.live(minutes(3));
  for (const bool restarted : {false, true}) {
    world.targets["db"].away = true;
    world.live(minutes(3));
    if (restarted) world.restart();
    EXPECT_FALSE(world.leases->ends().failing(minutes(2)).empty()) << "it is away";
    world.targets["db"].away = false;
    world.live(seconds(32));
    EXPECT_FALSE(world.leases->ends().failing(minutes(2)).empty()) << restarted;
    const EndTarget told = only_target(world);
    EXPECT_EQ(told.last_error, "the user owns objects") << restarted;
  }
  world.targets["db"].stuck.clear();
  world.live(seconds(40));
  EXPECT_TRUE(world.leases->ends().failing(seconds(0)).empty());
}

// A first try that comes late, after a long seal, was not refused for that long.
TEST(LeaseEnds, AnEndIsRefusedSinceItsFirstTry) {
  LeaseWorld world;
  world.targets["db"].stuck.insert("u");
  world.end(world.issue(LeaseWorld::wanted("u")));
  world.clock.advance(hours(1));
  world.run_ends();
  EXPECT_FALSE(world.leases->ends().failing(seconds(0)).empty());
  EXPECT_TRUE(world.leases->ends().failing(minutes(1)).empty());
}

TEST(LeaseEnds, ARefusedEndThatIsForgottenIsSeenNoMore) {
  LeaseWorld world;
  world.targets["db"].stuck.insert("u");
  world.end(world.issue(LeaseWorld::wanted("u")));
  world.live(minutes(2));
  EXPECT_FALSE(world.leases->ends().failing(seconds(0)).empty());
  const auto tx = world.begin();
  must(world.leases->end_prefix(*tx, "database/", world.now(), true));
  EXPECT_TRUE(world.commit(*tx));
  world.live(seconds(40));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_TRUE(world.leases->ends().failing(seconds(0)).empty());
}

/// Of more leases than one step ends.
TEST(LeaseEnds, AnEndByForceIsNotLostToAnotherOfTheSamePrefix) {
  LeaseWorld world;
  for (int i = 0; i < 300; ++i) {
    world.targets["db"].stuck.insert("db" + std::to_string(i));
    world.issue(of("db", i));
  }
  for (const bool forced : {true, false}) {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/", world.now(), forced));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.live(minutes(3), seconds(1));
  EXPECT_EQ(world.pending(), 0U);
}

TEST(LeaseEnds, ManyThatAreRefusedAreTriedMoreSeldom) {
  LeaseWorld world;
  for (int i = 0; i < 200; ++i) {
    world.targets["db"].stuck.insert("db" + std::to_string(i));
    world.end(world.issue(of("db", i)));
  }
  world.live(minutes(10), seconds(5));
  const int before = world.targets["db"].ends;
  world.live(minutes(5), seconds(5));
  EXPECT_LT(world.targets["db"].ends - before, 64 * 14 + 136 * 2);
}

/// `n` that are refused, for so long that they are tried as seldom as can be.
void refuse(LeaseWorld& world, int n) {
  for (int i = 0; i < n; ++i) {
    world.targets["db"].stuck.insert("db" + std::to_string(i));
    world.end(world.issue(of("db", i)));
  }
  world.live(minutes(10), seconds(5));
}

TEST(LeaseEnds, TheFirstThatIsRefusedNoMoreWakesTheOthers) {
  LeaseWorld world;
  refuse(world, 150);
  world.targets["db"].stuck.clear();
  world.live(seconds(40));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.pending(), 0U);
}

/// That others end, which were never refused, is no news for those that own objects.
TEST(LeaseEnds, WhatIsTakenAtOnceWakesNone) {
  LeaseWorld world;
  refuse(world, 100);
  const int before = world.targets["db"].ends;
  for (int i = 1000; i < 1010; ++i) {
    world.end(world.issue(of("db", i)));
    world.live(seconds(1));
  }
  EXPECT_EQ(world.users(), 100U);
  EXPECT_LE(world.targets["db"].ends - before, 10 + 100) << "each by its own time, once at most";
}

TEST(LeaseEnds, WhatStaysRefusedIsTriedOnceForEachThatIsNot) {
  LeaseWorld world;
  refuse(world, 100);
  const int before = world.targets["db"].ends;
  world.targets["db"].stuck.erase("db0");
  world.live(minutes(6), seconds(5));
  EXPECT_EQ(world.users(), 99U);
  EXPECT_LT(world.targets["db"].ends - before, 64 * 14 + 36 * 3 + 100 * 2);
}

// A client that tries again after a 503 must not take the second answer for a yes.
TEST(LeaseEnds, WhoWaitsAgainForOneWaitsForTheSameEnd) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  const std::string unknown = "database/creds/app/nobody";
  world.targets["db"].stuck.insert("u");
  EXPECT_FALSE(world.end_and_wait(id, seconds(0)).ok());
  world.live(hours(1));
  const int tries = world.targets["db"].ends;
  const auto again = world.end_and_wait(id, seconds(0));
  ASSERT_FALSE(again.ok()) << "the user is still there";
  EXPECT_EQ(again.error().code, ErrorCode::unavailable);
  must(world.end_and_wait(unknown, seconds(0)));
  world.run_ends();
  EXPECT_EQ(world.targets["db"].ends, tries + 1) << "and it is tried at once, whatever its pause";
  world.targets["db"].stuck.clear();
  EXPECT_FALSE(world.end_and_wait(id, seconds(0)).ok());
  world.run_ends();
  EXPECT_EQ(world.users(), 0U);
  must(world.end_and_wait(id, seconds(0)));
}

// Workers that wait for one dead target are lacking for all others.
TEST(LeaseEnds, WhoWaitsForATargetThatIsAwayWaitsForAMomentAlone) {
  LeaseWorld world;
  const std::string first = world.issue(LeaseWorld::wanted("u"));
  const std::string id = world.issue(LeaseWorld::wanted("v"));
  world.targets["db"].away = true;
  world.end(first);
  world.live(seconds(5));
  ASSERT_FALSE(world.leases->ends().reachable("db"));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(world.end_and_wait(id, seconds(3600)).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - began, minutes(30));
}

TEST(LeaseEnds, SomeMayWaitForTheSameEnd) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  world.end(id);
  LeaseEnds::Watch first(world.leases->ends(), id);
  std::optional<LeaseEnds::Watch> second(std::in_place, world.leases->ends(), id);
  LeaseEnds::Watch third(world.leases->ends(), id);
  EXPECT_FALSE(second->wait_for(seconds(0)).ok());
  second.reset();
  world.run_ends();
  must(first.wait_for(seconds(0)));
  must(third.wait_for(seconds(0)));
}

TEST(LeaseEnds, WhatIsTakenOnceIsWaitedForNoMore) {
  LeaseWorld world;
  const auto tx = world.begin();
  std::optional<LeaseWorld::Issued> dropped = world.stage(LeaseWorld::wanted("u"), *tx);
  const std::string id = dropped->id;
  dropped.reset();  // its end has three rounds
  world.run_ends();
  EXPECT_EQ(world.pending(), 1U);
  must(world.end_and_wait(id, seconds(0)));
}

TEST(LeaseEnds, WhoWaitsForAPrefixWaitsForNoOther) {
  LeaseWorld world;
  const std::string other = world.issue(LeaseWorld::wanted("v", "other"));
  world.end(other);
  EXPECT_EQ(world.pending(), 1U);
  must(world.end_prefix_and_wait("database/creds/app/", seconds(0)));
}

TEST(LeaseEnds, ForcedEndsOfADeadTargetNeedNoTry) {
  LeaseWorld world;
  for (int i = 0; i < 400; ++i) world.issue(of("db", i));
  world.targets["db"].away = true;
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/", world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.live(minutes(1));
  EXPECT_EQ(world.pending(), 400U);
  const int tries = world.targets["db"].ends;
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/", world.now(), true));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.live(seconds(5));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_LT(world.targets["db"].ends, tries + 5);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(LeaseEnds, ManyPendingEndsOfManyTargetsAllCome) {
  LeaseWorld world;
  for (int i = 0; i < 60; ++i) {
    for (int target = 0; target < 10; ++target) {
      world.issue(of("db" + std::to_string(target), i));
    }
  }
  world.restart();
  world.clock.advance(hours(2));
  world.sweep();
  world.restart();
  world.run_ends();
  for (int target = 0; target < 10; ++target) {
    EXPECT_EQ(world.users("db" + std::to_string(target)), 0U);
  }
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

}  // namespace
}  // namespace coffer::lifecycle
