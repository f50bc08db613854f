// What outside has no lease: all leases are shown to whoever looks for it, and it ends as they do.
#include "unit/lifecycle/lease_kit.h"

namespace coffer::lifecycle {
namespace {

std::multiset<std::string> shown(LeaseWorld& world) {
  std::multiset<std::string> payloads;
  must(Leases::visit(*world.begin(), [&](const Lease& lease) -> Result<bool> {
    payloads.insert(lease.terms.payload);
    return true;
  }));
  return payloads;
}

Leases::Stray stray(const std::string& user) {
  NewLease terms = LeaseWorld::wanted(user);
  terms.prefix = "database/orphans/app/";
  return {.terms = std::move(terms), .name = user};
}

std::function<void()> stage(LeaseWorld& world, envelope::SealedTransaction& tx,
                            const std::vector<std::string>& users) {
  std::vector<Leases::Stray> strays;
  for (const std::string& user : users) strays.push_back(stray(user));
  std::function<void()> then;
  must(world.leases->end_strays(tx, std::move(strays), world.now(), then));
  return then;
}

void end(LeaseWorld& world, const std::vector<std::string>& users) {
  const auto tx = world.begin();
  const auto then = stage(world, *tx, users);
  ASSERT_TRUE(world.commit(*tx));
  then();
}

void add(LeaseWorld& world, const std::string& user) {
  world.targets["db"].users[user] = WallTime::max();
}

TEST(LeaseStrays, ShowsEachLeaseOnceWhateverBecameOfIt) {
  LeaseWorld world;
  std::multiset<std::string> all;
  for (int i = 0; i < 700; ++i) {
    const std::string user = "u" + std::to_string(i);
    const std::string id = world.issue(LeaseWorld::wanted(user, i % 2 == 0 ? "app" : "web"));
    if (i % 7 == 0) world.end(id);
    all.insert(user);
  }
  const auto tx = world.begin();
  const auto on_its_way = world.stage(LeaseWorld::wanted("on its way"), *tx);
  ASSERT_FALSE(on_its_way.error);
  all.insert("on its way");
  world.clock.advance(hours(2));  // and all of them expired
  EXPECT_EQ(shown(world), all);
}

TEST(LeaseStrays, ShowsNoLeaseThatIsGone) {
  LeaseWorld world;
  world.end(world.issue(LeaseWorld::wanted("u")));
  EXPECT_EQ(shown(world).size(), 1U);
  world.run_ends();
  EXPECT_EQ(shown(world).size(), 0U);
}

TEST(LeaseStrays, StopsAtTheFirstErrorOfWhoeverLooks) {
  LeaseWorld world;
  world.issue(LeaseWorld::wanted("u"));
  world.issue(LeaseWorld::wanted("v"));
  int seen = 0;
  const auto visited = Leases::visit(*world.begin(), [&](const Lease&) -> Result<bool> {
    ++seen;
    return make_error(ErrorCode::corrupt, "a payload");
  });
  ASSERT_FALSE(visited.ok());
  EXPECT_EQ(visited.error().code, ErrorCode::corrupt);
  EXPECT_EQ(seen, 1);
}

TEST(LeaseStrays, StopsWhereWhoeverLooksHasSeenEnough) {
  LeaseWorld world;
  for (const char* role : {"app", "web"}) {
    for (const char* user : {"u", "v"}) world.issue(LeaseWorld::wanted(user, role));
  }
  world.end(world.issue(LeaseWorld::wanted("w")));
  world.end(world.issue(LeaseWorld::wanted("x")));
  for (int enough = 1; enough <= 6; ++enough) {
    int seen = 0;
    must(Leases::visit(*world.begin(),
                       [&](const Lease&) -> Result<bool> { return ++seen < enough; }));
    EXPECT_EQ(seen, enough);
  }
}

TEST(LeaseStrays, FindsThoseOfATargetWhateverPathTheyBear) {
  LeaseWorld world;
  for (int i = 0; i < 300; ++i) {
    NewLease terms = LeaseWorld::wanted("u" + std::to_string(i), i % 3 == 0 ? "app" : "web");
    if (i % 2 == 0) terms.target = "other";
    world.issue(terms);
  }
  world.end(world.issue(LeaseWorld::wanted("ended")));
  const auto tx = world.begin();
  const auto on_its_way = world.stage(LeaseWorld::wanted("on its way"), *tx);
  world.clock.advance(hours(2));
  const auto found = must(Leases::of_targets(*world.begin(), {"db", "third"}, 1000));
  EXPECT_EQ(found.size(), 151U) << "expired and on their way too, pending ends not";
  for (const Lease& lease : found) {
    EXPECT_EQ(lease.terms.target, "db");
    EXPECT_NE(lease.version, 0U) << "it can be ended";
  }
  EXPECT_EQ(must(Leases::of_targets(*world.begin(), {"other"}, 7)).size(), 7U);
  EXPECT_TRUE(must(Leases::of_targets(*world.begin(), {}, 7)).empty());
}

TEST(LeaseStrays, EndAsLeasesDo) {
  LeaseWorld world;
  for (const char* user : {"a", "b", "c"}) add(world, user);
  end(world, {"a", "b"});
  EXPECT_EQ(world.pending(), 2U);
  EXPECT_EQ(world.leases->counts().total(), 2U);
  EXPECT_EQ(shown(world), (std::multiset<std::string>{"a", "b"}));
  world.run_ends();
  EXPECT_EQ(world.targets["db"].users.count("c"), 1U);
  EXPECT_EQ(world.users(), 1U);
  EXPECT_EQ(world.pending(), 0U);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(LeaseStrays, AreTriedUntilTheTargetIsBackOverARestart) {
  LeaseWorld world;
  add(world, "a");
  world.targets["db"].away = true;
  end(world, {"a"});
  world.live(hours(3), seconds(20));
  world.restart();
  EXPECT_EQ(world.leases->counts().total(), 1U);
  world.live(minutes(2));
  EXPECT_EQ(world.users(), 1U);
  world.targets["db"].away = false;
  world.live(seconds(32));
  EXPECT_EQ(world.users(), 0U);
  EXPECT_EQ(world.leases->counts().total(), 0U);
}

TEST(LeaseStrays, AskedForTwiceAreOneEnd) {
  LeaseWorld world;
  add(world, "a");
  end(world, {"a"});
  end(world, {"a"});
  EXPECT_EQ(world.pending(), 1U);
  EXPECT_EQ(world.leases->counts().total(), 1U);
  world.run_ends();
  EXPECT_EQ(world.leases->counts().total(), 0U);
  end(world, {"a"});  // no such user is done, too
  world.run_ends();
  EXPECT_EQ(world.pending(), 0U);
}

TEST(LeaseStrays, OfTwoWhoAskAtOnceOneHasToAskAgain) {
  LeaseWorld world;
  const auto first = world.begin();
  const auto second = world.begin();
  const auto then = stage(world, *first, {"a"});
  static_cast<void>(stage(world, *second, {"a"}));
  EXPECT_TRUE(world.commit(*first));
  then();
  EXPECT_FALSE(world.commit(*second));
  EXPECT_EQ(world.leases->counts().total(), 1U);
}

TEST(LeaseStrays, EndWhateverTheCaps) {
  LeaseWorld world({.total = 1, .per_role = 1, .per_owner = 1});
  world.issue(LeaseWorld::wanted("u"));
  for (const char* user : {"a", "b"}) add(world, user);
  end(world, {"a", "b"});
  world.run_ends();
  EXPECT_EQ(world.users(), 1U);
  EXPECT_EQ(world.leases->counts().total(), 1U);
}

TEST(LeaseStrays, KeepWhatTheRequestHadToDoAfterwards) {
  LeaseWorld world;
  const auto tx = world.begin();
  bool before = false;
  std::function<void()> then = [&] { before = true; };
  must(world.leases->end_strays(*tx, {stray("a")}, world.now(), then));
  then();
  EXPECT_TRUE(before);
}

}  // namespace
}  // namespace coffer::lifecycle
