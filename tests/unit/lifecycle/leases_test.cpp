// Leases from their intent to their end.
#include "coffer/lifecycle/leases.h"

#include "unit/lifecycle/lease_kit.h"

namespace coffer::lifecycle {
namespace {

constexpr const char* kPrefix = "database/creds/app/";

TEST(Leases, AnIssuedLeaseIsFoundWithAllThatWasSaid) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("user1"));
  const auto lease = world.find(id);
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(lease->terms.prefix, kPrefix);
  EXPECT_EQ(lease->terms.owner, "alice");
  EXPECT_EQ(lease->terms.payload, "user1");
  EXPECT_EQ(lease->expires, world.now() + hours(1));
  EXPECT_EQ(lease->remaining(world.now()), seconds(3600));
  EXPECT_EQ(lease->last_renewal, WallTime{});
  EXPECT_EQ(world.list(kPrefix), std::vector<std::string>{lease->name});
  EXPECT_EQ(world.list("database/creds/"), std::vector<std::string>{"app/"});
  EXPECT_EQ(world.list(""), std::vector<std::string>{"database/"});
  EXPECT_EQ(world.leases->counts().total(), 1U);
}

TEST(Leases, TheIntentIsOnDiskBeforeTheCallerGoesOn) {
  LeaseWorld world;
  const auto tx = world.begin();
  const auto issued = world.stage(LeaseWorld::wanted("user1"), *tx);
  EXPECT_FALSE(world.find(issued.id).has_value()) << "nobody knows it yet";
  world.restart();
  EXPECT_EQ(world.pending(), 1U) << "found by the next process";
  EXPECT_FALSE(world.commit(*tx)) << "and the request can't make it stand any more";
  world.live(minutes(13));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.pending(), 0U);
}

/// The target may still be at work on it when the end comes first.
TEST(Leases, WhatWasBeingIssuedIsEndedThreeTimes) {
  LeaseWorld world;
  {
    const auto tx = world.begin();
    world.stage(LeaseWorld::wanted("user1"), *tx);
  }
  world.run_ends();
  EXPECT_EQ(world.users(), 0U);
  world.targets["db"].users["user1"] = {};  // the slow CREATE comes through
  world.live(seconds(62));
  EXPECT_EQ(world.users(), 0U);
  world.targets["db"].users["user1"] = {};
  world.live(minutes(11));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.targets["db"].ends, 3);
  EXPECT_EQ(world.pending(), 0U);
}

TEST(Leases, WhatTheTargetRefusedForCertainIsEndedOnce) {
  LeaseWorld world;
  {
    model::Request request{.id = {}, .time = world.now(), .path = "x", .fields = {}};
    const model::Peer peer{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
    audit::Trail trail(world.log, nullptr, world.clock);
    audit::Ticket ticket = trail.open(request, peer);
    const auto tx = world.begin();
    auto issuing = must(world.leases->begin(ticket, *tx, LeaseWorld::wanted(),
                                            must(Leases::new_name()), world.now()));
    issuing.nothing_was_made();
    static_cast<void>(std::move(ticket).close(model::Response{}));
  }
  world.run_ends();
  EXPECT_EQ(world.targets["db"].ends, 1);
  EXPECT_EQ(world.pending(), 0U);
}

TEST(Leases, WhatIsWithdrawnIsForgottenWithoutAnEnd) {
  LeaseWorld world;
  world.targets["db"].users["user1"] = {};  // somebody else's
  {
    model::Request request{.id = {}, .time = world.now(), .path = "x", .fields = {}};
    const model::Peer peer{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
    audit::Trail trail(world.log, nullptr, world.clock);
    audit::Ticket ticket = trail.open(request, peer);
    const auto tx = world.begin();
    auto issuing = must(world.leases->begin(ticket, *tx, LeaseWorld::wanted("user1"),
                                            must(Leases::new_name()), world.now()));
    issuing.withdraw();
    static_cast<void>(std::move(ticket).close(model::Response{}));
  }
  EXPECT_EQ(world.leases->counts().total(), 1U);
  world.live(minutes(61));  // its row of what is due is there on
  EXPECT_EQ(world.targets["db"].ends, 0);
  EXPECT_EQ(world.users(), 1U);
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(world.leases->counts().total(), 0U);
  world.restart();
  world.live(minutes(13));
  EXPECT_EQ(world.targets["db"].ends, 0);
}

TEST(Leases, AnAnswerThatNeverLeftTakesItsLeaseAlong) {
  LeaseWorld world;
  {
    const auto tx = world.begin();
    const auto issued = world.stage(LeaseWorld::wanted("user1"), *tx);
    ASSERT_TRUE(world.commit(*tx));
    ASSERT_TRUE(world.find(issued.id).has_value());
  }  // `then` goes without having run
  world.run_ends();
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, NoIntentNoLease) {
  LeaseWorld world;
  const std::size_t rows = world.rows();
  world.commits.push_back(make_error(ErrorCode::unavailable, "the disk is full"));
  EXPECT_EQ(world.refused(LeaseWorld::wanted()).code, ErrorCode::unavailable);
  EXPECT_EQ(world.rows(), rows);
  EXPECT_EQ(world.leases->counts().total(), 0U);
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, ALostRaceOfTheIntentRunsAgain) {
  LeaseWorld world;
  world.commits = {false, false};
  world.issue(LeaseWorld::wanted());
  EXPECT_TRUE(world.commits.empty());
  EXPECT_EQ(world.leases->counts().total(), 1U);
}

TEST(Leases, RacesAreLostForSoLongAlone) {
  LeaseWorld world;
  for (int i = 0; i < 100; ++i) world.commits.emplace_back(false);
  EXPECT_EQ(world.refused(LeaseWorld::wanted()).code, ErrorCode::resource_exhausted);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(Leases, WhoMayNotIsRefusedBeforeAnythingIsMade) {
  LeaseWorld world;
  world.admit = [](auto&, const NewLease&) -> Result<void> {
    return make_error(ErrorCode::permission_denied, "permission denied");
  };
  EXPECT_EQ(world.refused(LeaseWorld::wanted()).code, ErrorCode::permission_denied);
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(Leases, TimesThatCannotBeAreRefused) {
  LeaseWorld world;
  const auto with = [](seconds ttl, seconds max) {
    NewLease wanted = LeaseWorld::wanted();
    wanted.ttl = ttl;
    wanted.max_ttl = max;
    return wanted;
  };
  for (const auto& wanted : {with(seconds(0), hours(1)), with(seconds(-5), hours(1)),
                             with(hours(2), hours(1)), with(hours(1), hours(24 * 365 * 200))}) {
    EXPECT_EQ(world.refused(wanted).code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(world.rows(), LeaseWorld().rows());
}

TEST(Leases, ExpiryCountsAtOnceThoughNobodyHasSwept) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted());
  world.clock.advance(hours(1) - std::chrono::nanoseconds(1));
  EXPECT_TRUE(world.find(id).has_value());
  world.clock.advance(std::chrono::nanoseconds(1));
  EXPECT_FALSE(world.find(id).has_value());
  EXPECT_TRUE(world.list(kPrefix).empty());
  EXPECT_EQ(world.renew(id, hours(1)).error().code, ErrorCode::not_found);
  EXPECT_EQ(world.users(), 1U);
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(Leases, LeavesNothingBehindButWhatIsKnown) {
  LeaseWorld world;
  world.issue(LeaseWorld::wanted());
  const std::size_t one = world.rows();
  for (int i = 0; i < 20; ++i) world.end(world.issue(LeaseWorld::wanted(std::to_string(i))));
  world.run_ends();
  world.live(hours(2), minutes(1));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_LT(world.rows(), one + 5);
}

TEST(Leases, RenewalsReachNoFurtherThanTheMaximum) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  const WallTime issued = world.now();
  world.clock.advance(minutes(50));
  Renewal renewed = must(world.renew(id, seconds(0)));
  EXPECT_EQ(renewed.lease.expires, world.now() + hours(1));
  EXPECT_TRUE(renewed.warnings.empty());
  EXPECT_EQ(world.targets["db"].users["u"], renewed.lease.expires);
  renewed = must(world.renew(id, hours(48)));
  EXPECT_EQ(renewed.lease.expires, issued + hours(24));
  ASSERT_EQ(renewed.warnings.size(), 1U);
  EXPECT_NE(renewed.warnings[0].find("cut to 23h10m0s"), std::string::npos);
  world.clock.advance(hours(24) - minutes(50) - seconds(1));
  renewed = must(world.renew(id, hours(1)));
  EXPECT_EQ(renewed.lease.expires, issued + hours(24));
  world.clock.advance(seconds(1));
  EXPECT_EQ(world.renew(id, hours(1)).error().code, ErrorCode::not_found);
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, ARenewedLeaseOutlivesItsFirstDueRow) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted());
  world.clock.advance(minutes(50));
  must(world.renew(id, seconds(0)));
  world.clock.advance(minutes(30));
  world.sweep();
  EXPECT_TRUE(world.find(id).has_value());
  world.live(minutes(32), seconds(30));
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, AShorterRenewalEndsItSooner) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted());
  must(world.renew(id, seconds(30)));
  world.live(seconds(31));
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, RenewalsThatMakeNoSenseAreRefused) {
  LeaseWorld world;
  NewLease fixed = LeaseWorld::wanted();
  fixed.renewable = false;
  const std::string id = world.issue(fixed);
  EXPECT_EQ(world.renew(id, seconds(5)).error().text, "lease is not renewable");
  const std::string other = world.issue(LeaseWorld::wanted());
  EXPECT_EQ(world.renew(other, seconds(-1)).error().code, ErrorCode::invalid_argument);
  // As far as anyone can count.
  EXPECT_EQ(must(world.renew(other, seconds::max())).lease.expires, world.now() + hours(24));
}

TEST(Leases, ARenewalThatTheTargetDoesNotTakeChangesNothing) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted());
  const WallTime expires = world.find(id)->expires;
  world.targets["db"].away = true;
  world.clock.advance(minutes(5));
  EXPECT_EQ(world.renew(id, seconds(0)).error().code, ErrorCode::unavailable);
  EXPECT_EQ(world.find(id)->expires, expires);
}

TEST(Leases, AnOwnersEndTakesAllThatIsHisInSteps) {
  LeaseWorld world;
  for (int i = 0; i < 150; ++i) world.issue(LeaseWorld::wanted(std::to_string(i)));
  NewLease other = LeaseWorld::wanted("bob's");
  other.owner = "bob";
  world.issue(other);
  int steps = 0;
  for (bool none = false; !none; ++steps) {
    const auto tx = world.begin();
    none = must(world.leases->end_owned(*tx, "alice", world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  EXPECT_EQ(steps, 3);
  world.run_ends();
  EXPECT_EQ(world.users(), 1U);
}

/// The owner's token was revoked while the target made the user.
TEST(Leases, AnOwnersEndTakesWhatIsBeingIssuedToo) {
  LeaseWorld world;
  const auto tx = world.begin();
  auto issued = world.stage(LeaseWorld::wanted("user1"), *tx);
  {
    const auto sweep = world.begin();
    EXPECT_TRUE(must(world.leases->end_owned(*sweep, "alice", world.now())));
    EXPECT_TRUE(world.commit(*sweep));
  }
  world.run_ends();
  EXPECT_EQ(world.targets["db"].ends, 0) << "its end waits while the target may be at work";
  EXPECT_FALSE(world.commit(*tx));
  issued.then = {};
  world.live(minutes(13));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.pending(), 0U);
}

TEST(Leases, APrefixEndsAllBelowItAndNothingElse) {
  LeaseWorld world;
  for (int i = 0; i < 300; ++i) world.issue(LeaseWorld::wanted("a" + std::to_string(i)));
  for (int i = 0; i < 10; ++i) world.issue(LeaseWorld::wanted("b" + std::to_string(i), "app2"));
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, kPrefix, world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.clock.advance(seconds(1));
  const std::string later = world.issue(LeaseWorld::wanted("later"));
  world.restart();  // the rest goes on by itself
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.users(), 11U);
  EXPECT_TRUE(world.find(later).has_value()) << "issued after it";
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/", world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.sweep();
  world.run_ends();
  EXPECT_EQ(world.users(), 0U);
}

/// As when whoever won was interrupted before anyone could read what he wrote.
TEST(Leases, ARaceThatIsLostForMillisecondsIsWaitedOut) {
  LeaseWorld world;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  world.admit = [&](envelope::SealedTransaction&, const NewLease&) -> Result<void> {
    if (std::chrono::steady_clock::now() >= until) return {};
    return make_error(ErrorCode::conflict, "the store changed while it was read");
  };
  EXPECT_TRUE(world.find(world.issue(LeaseWorld::wanted("u"))).has_value());
}

/// Issued while the clock was ahead, and the clock is right again: it was there before.
TEST(Leases, APrefixEndsWhatIsFromATimeToCome) {
  LeaseWorld world;
  world.clock.advance(hours(2));
  const std::string ahead = world.issue(LeaseWorld::wanted("u"));
  world.clock.advance(-hours(2));
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, kPrefix, world.now()));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.run_ends();
  EXPECT_FALSE(world.find(ahead).has_value());
  EXPECT_EQ(world.users(), 0U);
}

/// 32 bits of seconds end in January 2038.
TEST(Leases, TimeGoesOnAfter2038) {
  LeaseWorld world;
  const WallTime end{seconds(std::int64_t{1} << 31)};
  world.clock.advance(end - world.now() - minutes(30));
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  world.live(minutes(40), minutes(1));
  ASSERT_TRUE(world.find(id).has_value());
  EXPECT_GT(must(world.renew(id, hours(1))).lease.expires, end);
  world.live(hours(1), minutes(1));
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, AClockThatGoesBackLosesNothing) {
  LeaseWorld world;
  const std::string id = world.issue(LeaseWorld::wanted("u"));
  world.clock.advance(-hours(3));
  EXPECT_TRUE(world.find(id).has_value());
  world.end(world.issue(LeaseWorld::wanted("v")));
  world.run_ends();
  EXPECT_EQ(world.users(), 1U);
  world.live(hours(4) + minutes(1), minutes(1));
  EXPECT_EQ(world.users(), 0U);
}

TEST(Leases, NamesAreLongAndNeverTwice) {
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = must(Leases::new_name());
    EXPECT_EQ(name.size(), 24U);
    EXPECT_EQ(
        name.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
        std::string::npos);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 1000U);
}

TEST(Leases, AnIdThatNobodyCanHaveIsFoundByNobody) {
  LeaseWorld world;
  for (const char* id :
       {"", "/", "a", "a/", "database/creds/app/", "database/creds/app/x", "\xff/\xff"}) {
    EXPECT_FALSE(world.find(id).has_value()) << id;
  }
}

}  // namespace
}  // namespace coffer::lifecycle
