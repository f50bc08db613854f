// How many leases there may be: of a role, of an identity, in all.
#include "unit/lifecycle/lease_kit.h"

namespace coffer::lifecycle {
namespace {

TEST(LeaseCaps, CapsHoldForEachKind) {
  LeaseWorld world({.total = 5, .per_role = 3, .per_owner = 4});
  for (int i = 0; i < 3; ++i) world.issue(LeaseWorld::wanted(std::to_string(i)));
  Error error = world.refused(LeaseWorld::wanted("x"));
  EXPECT_EQ(error.code, ErrorCode::limit_reached);
  EXPECT_NE(error.text.find("3 leases of this role"), std::string::npos) << error.text;
  world.issue(LeaseWorld::wanted("3", "other"));
  error = world.refused(LeaseWorld::wanted("x", "other"));
  EXPECT_NE(error.text.find("4 leases of this identity"), std::string::npos) << error.text;
  NewLease bob = LeaseWorld::wanted("4", "other");
  bob.owner = "bob";
  world.issue(bob);
  bob.prefix = "database/creds/third/";
  error = world.refused(bob);
  EXPECT_NE(error.text.find("5 leases of this vault"), std::string::npos) << error.text;
  EXPECT_EQ(world.users(), 5U);
}

/// Whoever writes a role has no lease by it.
TEST(LeaseCaps, ATrialIsHeldBackByTheCapOfAllAlone) {
  LeaseWorld world({.total = 3, .per_role = 1, .per_owner = 1});
  world.issue(LeaseWorld::wanted("1"));
  NewLease trial = LeaseWorld::wanted("2");
  trial.on_trial = true;
  world.issue(trial);
  EXPECT_EQ(world.refused(LeaseWorld::wanted("x")).code, ErrorCode::limit_reached);
  world.issue(trial);
  EXPECT_NE(world.refused(trial).text.find("3 leases of this vault"), std::string::npos);
}

TEST(LeaseCaps, WhatHasEndedMakesRoom) {
  LeaseWorld world({.total = 3, .per_role = 2, .per_owner = 2});
  const std::string id = world.issue(LeaseWorld::wanted("1"));
  world.issue(LeaseWorld::wanted("2"));
  world.targets["db"].away = true;
  EXPECT_EQ(world.refused(LeaseWorld::wanted("x")).code, ErrorCode::limit_reached);
  world.targets["db"].away = false;
  world.end(id);
  world.clock.advance(seconds(2));  // counted a moment ago
  world.issue(LeaseWorld::wanted("3"));
  world.clock.advance(seconds(2));
  EXPECT_EQ(world.refused(LeaseWorld::wanted("x")).code, ErrorCode::limit_reached);
  EXPECT_EQ(world.leases->counts().total(), 3U) << "one is pending still";
  world.run_ends();
  EXPECT_EQ(world.leases->counts().total(), 2U);
}

TEST(LeaseCaps, CapsHoldAfterARestart) {
  LeaseWorld world({.total = 10, .per_role = 2, .per_owner = 3});
  for (int i = 0; i < 2; ++i) world.issue(LeaseWorld::wanted(std::to_string(i)));
  world.issue(LeaseWorld::wanted("2", "other"));
  world.restart();
  EXPECT_EQ(world.leases->counts().total(), 3U);
  EXPECT_NE(world.refused(LeaseWorld::wanted("x")).text.find("role"), std::string::npos);
  EXPECT_NE(world.refused(LeaseWorld::wanted("x", "third")).text.find("identity"),
            std::string::npos);
}

TEST(LeaseCaps, WarnsFromFourFifthsOfACapOn) {
  LeaseWorld world({.total = 100, .per_role = 5, .per_owner = 100});
  for (int i = 0; i < 3; ++i) world.issue(LeaseWorld::wanted(std::to_string(i)));
  EXPECT_TRUE(world.leases->warnings(LeaseWorld::wanted()).empty());
  const std::string id = world.issue(LeaseWorld::wanted("3"));
  const auto warnings = world.leases->warnings(LeaseWorld::wanted());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0], "4 of at most 5 leases of this role are in use");
  world.end(id);
  world.clock.advance(seconds(2));
  EXPECT_TRUE(world.leases->warnings(LeaseWorld::wanted()).empty());
}

/// One of two tokens of the same login.
NewLease of(const std::string& owner, const std::string& user, const std::string& identity = "id") {
  NewLease wanted = LeaseWorld::wanted(user);
  wanted.owner = owner;
  wanted.identity = identity;
  return wanted;
}

TEST(LeaseCaps, TokensOfOneIdentityCountTogether) {
  LeaseWorld world({.total = 10, .per_role = 10, .per_owner = 3});
  world.issue(of("a", "1"));
  world.issue(of("b", "2"));
  const std::string id = world.issue(of("c", "3"));
  for (const char* owner : {"a", "d"}) {
    EXPECT_NE(world.refused(of(owner, "x")).text.find("3 leases of this identity"),
              std::string::npos);
  }
  world.issue(of("a", "4", "another"));
  world.end(id);
  world.clock.advance(seconds(2));  // counted a moment ago
  world.issue(of("d", "5"));
  EXPECT_EQ(world.refused(of("a", "x")).code, ErrorCode::limit_reached);
  world.restart();
  EXPECT_EQ(world.refused(of("e", "x")).code, ErrorCode::limit_reached);
}

/// The first of a family has its own accessor as identity, and no row says so.
TEST(LeaseCaps, AFirstTokenCountsWithItsChildren) {
  LeaseWorld world({.total = 10, .per_role = 10, .per_owner = 3});
  world.issue(of("first", "1", ""));
  world.issue(of("child", "2", "first"));
  world.restart();
  world.issue(of("grandchild", "3", "first"));
  EXPECT_EQ(world.refused(of("first", "x", "")).code, ErrorCode::limit_reached);
  EXPECT_EQ(world.refused(of("child", "x", "first")).code, ErrorCode::limit_reached);
}

TEST(LeaseCaps, WarnsAnyTokenOfAnIdentity) {
  LeaseWorld world({.total = 100, .per_role = 100, .per_owner = 5});
  for (int i = 0; i < 4; ++i) world.issue(of("t" + std::to_string(i), std::to_string(i)));
  const auto warnings = world.leases->warnings(of("new", "x"));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0], "4 of at most 5 leases of this identity are in use");
}

TEST(LeaseCaps, AnOwnersEndEndsHisAloneAndMakesRoom) {
  LeaseWorld world({.total = 10, .per_role = 10, .per_owner = 3});
  world.issue(of("a", "1"));
  world.issue(of("a", "2"));
  const std::string kept = world.issue(of("b", "3"));
  const std::size_t full = world.rows();
  {
    const auto tx = world.begin();
    EXPECT_TRUE(must(world.leases->end_owned(*tx, "a", world.now())));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.run_ends();
  EXPECT_TRUE(world.find(kept).has_value());
  EXPECT_LT(world.rows(), full);
  world.clock.advance(seconds(2));
  world.issue(of("c", "4"));
  world.issue(of("c", "5"));
  EXPECT_EQ(world.refused(of("c", "x")).code, ErrorCode::limit_reached);
}

TEST(LeaseCaps, TheCensusTellsIdentitiesAndWhoBelongsToThem) {
  LeaseWorld world;
  world.issue(of("first", "1", ""));
  world.issue(of("child", "2", "first"));
  world.issue(of("child", "3", "first"));
  world.issue(of("other", "4", ""));
  const auto census = must(Leases::census(*world.begin(), true));
  ASSERT_EQ(census.identities.size(), 2U);
  EXPECT_EQ(census.identities[0].name, "first");
  EXPECT_EQ(census.identities[0].count, 3U);
  ASSERT_EQ(census.owners.size(), 3U);
  EXPECT_EQ(census.owners[0].name, "child");
  EXPECT_EQ(census.owners[0].identity, "first");
  EXPECT_EQ(census.owners[2].identity, "other");
}

/// From the intent on, without a lease that stands at its end.
void begin_in_vain(LeaseWorld& world, const std::string& user, bool refused_for_certain) {
  const auto tx = world.begin();
  if (!refused_for_certain) {
    world.stage(LeaseWorld::wanted(user), *tx);
    return;
  }
  const model::Request request{.id = {}, .time = world.now(), .path = "x", .fields = {}};
  const model::Peer peer{.uid = 1, .gid = 1, .pid = 1, .groups = {}, .unit = {}};
  audit::Trail trail(world.log, nullptr, world.clock);
  audit::Ticket ticket = trail.open(request, peer);
  auto issuing = must(world.leases->begin(ticket, *tx, LeaseWorld::wanted(user),
                                          must(Leases::new_name()), world.now()));
  issuing.nothing_was_made();
  static_cast<void>(std::move(ticket).close(model::Response{}));
}

/// Its user may be there until the target has said that it isn't; no longer.
TEST(LeaseCaps, WhatWasNeverIssuedCountsUntilItsFirstEnd) {
  LeaseWorld world({.total = 2, .per_role = 10, .per_owner = 10});
  begin_in_vain(world, "1", false);
  world.targets["db"].away = true;
  world.run_ends();
  EXPECT_EQ(world.leases->counts().total(), 1U);
  world.restart();
  EXPECT_EQ(world.leases->counts().total(), 1U) << "who knows what is there";
  world.targets["db"].away = false;
  world.live(seconds(40));
  EXPECT_EQ(world.pending(), 1U) << "two further ends are to come";
  EXPECT_EQ(world.leases->counts().total(), 0U);
  world.restart();
  EXPECT_EQ(world.leases->counts().total(), 0U);
  world.issue(LeaseWorld::wanted("2"));
  world.issue(LeaseWorld::wanted("3"));
  EXPECT_NE(world.refused(LeaseWorld::wanted("x")).text.find("vault"), std::string::npos);
  world.live(minutes(12), seconds(10));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(world.leases->counts().total(), 2U) << "and none is counted off twice";
}

TEST(LeaseCaps, WhatTheTargetCertainlyNeverMadeDoesNotCount) {
  LeaseWorld world({.total = 1, .per_role = 10, .per_owner = 10});
  begin_in_vain(world, "1", true);
  world.targets["db"].away = true;
  world.run_ends();
  EXPECT_EQ(world.pending(), 1U) << "it is ended all the same";
  EXPECT_EQ(world.leases->counts().total(), 0U);
  world.restart();
  EXPECT_EQ(world.leases->counts().total(), 0U);
  world.targets["db"].away = false;
  world.live(minutes(1));
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(world.targets["db"].ends, 1 + 1);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(LeaseCaps, PrecautionsAreToldApartFromWhatATargetHasNotTaken) {
  LeaseWorld world;
  begin_in_vain(world, "1", false);
  world.run_ends();
  world.end(world.issue(LeaseWorld::wanted("2")));
  const auto tx = world.begin();
  const auto targets = must(world.leases->ends().targets(*tx));
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0].pending, 1U);
  EXPECT_EQ(targets[0].precautions, 1U);
  int precautions = 0;
  for (const PendingEnd& end : must(LeaseEnds::pending(*tx, 10))) precautions += end.precaution;
  EXPECT_EQ(precautions, 1);
  EXPECT_TRUE(must(LeaseEnds::any_below(*tx, "database/")));
  world.run_ends();
  EXPECT_FALSE(must(LeaseEnds::any_below(*world.begin(), "database/")));
}

/// By force: it is forgotten with its mark.
TEST(LeaseCaps, AForcedPrecautionLeavesNothing) {
  LeaseWorld world;
  begin_in_vain(world, "1", false);
  world.run_ends();
  {
    const auto tx = world.begin();
    must(world.leases->end_prefix(*tx, "database/creds/app/", world.now(), true));
    EXPECT_TRUE(world.commit(*tx));
  }
  world.run_ends();
  const auto count = must(LeaseEnds::count(*world.begin()));
  EXPECT_EQ(count.pending, 0U);
  EXPECT_EQ(count.precautions, 0U);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

}  // namespace
}  // namespace coffer::lifecycle
