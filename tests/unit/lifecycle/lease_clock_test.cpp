// Leases under a wall clock that is set while they live: ahead, back, over the years; and to the
// nanosecond at their ends.
#include "unit/lifecycle/lease_kit.h"

namespace coffer::lifecycle {
namespace {

constexpr const char* kPrefix = "database/creds/app/";
/// The first second that 32 bits don't hold.
constexpr WallTime k2038{seconds(std::int64_t{1} << 31)};

void settle(LeaseWorld& world) {
  world.sweep();
  world.run_ends();
}

TEST(LeaseClock, SetAheadItServesNothingLongerAndEndsNothing) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  world.clock.step(hours(2));
  EXPECT_FALSE(world.find(id).has_value());
  EXPECT_EQ(world.renew(id, hours(1)).error().code, ErrorCode::not_found);
  settle(world);
  EXPECT_EQ(world.users(), 1U);
  world.clock.step(-hours(2));
  EXPECT_TRUE(world.find(id).has_value()) << "it was a mistake, and cost nobody his login";
  world.clock.step(hours(2));
  world.clocks->confirm();
  settle(world);
  EXPECT_EQ(world.users(), 0U);
}

TEST(LeaseClock, SetBackItGivesNobodyMoreTime) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  world.clock.step(-hours(24));
  world.live(minutes(60) + seconds(1), seconds(30));
  EXPECT_FALSE(world.find(id).has_value());
  EXPECT_EQ(world.users(), 0U);
}

/// More than one step takes, so the sweeper goes on with it.
TEST(LeaseClock, SetAheadItHoldsUpNoRevocation) {
  LeaseWorld world;
  for (int i = 0; i < 300; ++i) world.issue(LeaseWorld::wanted("a" + std::to_string(i)));
  for (int i = 0; i < 150; ++i) {
    NewLease wanted = LeaseWorld::wanted("b" + std::to_string(i), "other");
    wanted.owner = "bob";
    world.issue(wanted);
  }
  world.clock.step(minutes(30));
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, kPrefix, world.now()));
    must(world.leases->end_owner(*tx, "bob", world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  EXPECT_LT(world.swept_until() + minutes(29), world.now());
  settle(world);
  EXPECT_EQ(world.users(), 0U);
}

/// The times of the next tries are by the clock as it was.
TEST(LeaseClock, SetBackItHoldsUpNoEndThatATargetHadNotTaken) {
  LeaseWorld world;
  world.clock.step(hours(5));
  world.clocks->confirm();
  world.targets["db"].away = true;
  for (const char* user : {"u", "v"}) {
    world.targets["db"].away = false;
    const std::string id = world.issue(LeaseWorld::wanted(user));
    world.targets["db"].away = true;
    world.end(id);
  }
  world.live(minutes(3));
  EXPECT_EQ(world.users(), 2U);
  world.clock.step(-hours(5));
  world.clocks->confirm();
  for (const bool restarted : {false, true}) {
    if (restarted) world.restart();
    world.live(seconds(40));
  }
  world.targets["db"].away = false;
  world.live(seconds(60));
  EXPECT_EQ(world.users(), 0U);
}

/// Found in a run of a thousand steps: the target had taken one, so it counted as there when the
/// rows of the others were read anew, and they waited for as long as if it had refused them.
TEST(LeaseClock, SetBackItHoldsUpNoEndOfATargetThatWasAwayAndTookOne) {
  LeaseWorld world;
  world.targets["db"].away = false;
  for (const char* user : {"u", "v"}) world.issue(LeaseWorld::wanted(user));
  world.targets["db"].away = true;
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, kPrefix, world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.live(minutes(30), seconds(5));
  world.targets["db"].away = false;
  for (int i = 0; i < 60 && world.users() == 2; ++i) {
    world.clock.advance(seconds(1));
    static_cast<void>(world.run_end());
  }
  ASSERT_EQ(world.users(), 1U);
  world.clock.step(-minutes(4));
  world.restart();
  world.live(seconds(60));
  EXPECT_EQ(world.users(), 0U);
}

/// Found by seeds 49081 and 54284: each start let it wait anew.
TEST(LeaseClock, SetBackItHoldsUpNoEndThatRestartsComeBefore) {
  LeaseWorld world;
  world.targets["db"].away = false;
  world.end(world.issue(LeaseWorld::wanted("u")));
  world.targets["db"].away = true;
  world.live(minutes(30), seconds(5));
  world.clock.step(-hours(4));
  world.targets["db"].away = false;
  for (int i = 0; i < 3; ++i) {
    world.restart();
    world.live(seconds(20));
  }
  EXPECT_EQ(world.users(), 0U);
}

/// Something slow is as slow as it is, whatever anybody sets.
TEST(LeaseClock, SetAheadItHastensNoPrecaution) {
  LeaseWorld world;
  {
    const auto tx = world.begin();
    world.stage(LeaseWorld::wanted("u"), *tx);
  }
  world.run_ends();
  EXPECT_EQ(world.targets["db"].ends, 1);
  world.clock.step(hours(2));
  world.restart();
  world.live(seconds(20));
  EXPECT_EQ(world.targets["db"].ends, 1);
  world.live(seconds(20));
  EXPECT_EQ(world.targets["db"].ends, 2);
  world.clock.step(hours(2));
  world.restart();
  world.live(minutes(9), seconds(10));
  EXPECT_EQ(world.targets["db"].ends, 2);
  world.live(minutes(2), seconds(10));
  EXPECT_EQ(world.targets["db"].ends, 3);
  EXPECT_EQ(world.pending(), 0U);
}

/// Found by seed 26400: the row says the time of its end for that of its next try.
TEST(LeaseClock, SetBackByAsMuchItHastensNoPrecaution) {
  LeaseWorld world;
  {
    const auto tx = world.begin();
    world.stage(LeaseWorld::wanted("u"), *tx);
    world.restart();
  }
  world.clock.step(-seconds(30));
  ASSERT_TRUE(world.run_end());
  world.live(seconds(25));
  EXPECT_EQ(world.targets["db"].ends, 1);
  world.live(seconds(20));
  EXPECT_EQ(world.targets["db"].ends, 2);
}

TEST(LeaseClock, Passes2038WhileTheyLive) {
  LeaseWorld world;
  world.clock.step(k2038 - minutes(30) - world.clock.wall());
  world.restart();
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  world.live(minutes(40), minutes(1));
  ASSERT_TRUE(world.find(id).has_value());
  EXPECT_GT(must(world.renew(id, seconds(0))).lease.expires, k2038 + hours(1));
  world.live(minutes(61), minutes(1));
  EXPECT_EQ(world.users(), 0U);
}

TEST(LeaseClock, LeapsOver2038AndBack) {
  LeaseWorld world;
  world.clock.step(k2038 - hours(24 * 365 * 12) - world.clock.wall());
  world.restart();
  world.issue(LeaseWorld::wanted("u"));
  world.clock.step(hours(24 * 365 * 30));
  settle(world);
  EXPECT_EQ(world.users(), 1U);
  world.clocks->confirm();
  settle(world);
  EXPECT_EQ(world.users(), 0U);
  EXPECT_GT(world.now(), k2038);
  world.issue(LeaseWorld::wanted("v"));
  world.live(minutes(40), minutes(20));
  EXPECT_EQ(world.users(), 1U);
  world.live(minutes(40), minutes(20));
  EXPECT_EQ(world.users(), 0U);
  world.clock.step(-hours(24 * 365 * 30));
  world.clocks->confirm();
  const std::string id = world.issue(LeaseWorld::wanted("w"));
  world.live(minutes(50), minutes(10));
  EXPECT_TRUE(world.find(id).has_value());
  world.live(minutes(20), minutes(10));
  EXPECT_EQ(world.users(), 0U);
}

TEST(LeaseClock, RenewsUpToTheLastNanosecondOfItsMaximum) {
  LeaseWorld world;
  NewLease wanted = LeaseWorld::wanted("u");
  wanted.max_ttl = wanted.ttl;
  const std::string id = world.issue(wanted);
  const WallTime latest = world.now() + wanted.max_ttl;
  world.clock.advance(wanted.max_ttl - std::chrono::nanoseconds(1));
  const Renewal renewed = must(world.renew(id, hours(1)));
  EXPECT_EQ(renewed.lease.expires, latest);
  EXPECT_EQ(renewed.lease.remaining(world.now()), seconds(1)) << "rounded up";
  EXPECT_EQ(renewed.warnings.size(), 1U);
  const Lease last = *world.find(id);
  world.clock.advance(std::chrono::nanoseconds(1));
  EXPECT_EQ(world.renew(id, hours(1)).error().code, ErrorCode::not_found);
  EXPECT_EQ(last.remaining(world.now()), seconds(0));
  EXPECT_EQ(last.remaining(world.now() + hours(1)), seconds(0)) << "never negative";
  settle(world);
  EXPECT_EQ(world.users(), 0U);
}

}  // namespace
}  // namespace coffer::lifecycle
