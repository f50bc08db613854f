// How long leases are: by their role and mount, as they are at the time.
#include "world.h"

namespace coffer::engines::database {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

void write_role(World& world, const std::string& times) {
  world.call(Operation::update, "roles/app", R"({"verify_statements":false,)" + times + "}");
}

TEST(DatabaseTimes, AreOfRoleAndMount) {
  World world;
  const auto given = [&] { return world.call(Operation::read, "creds/app").lease_duration; };
  world.mount.config.max_lease_ttl = hours(2);
  EXPECT_EQ(given(), hours(2));
  write_role(world, R"("default_ttl":"1h","max_ttl":"24h")");
  EXPECT_EQ(given(), hours(1));
  write_role(world, R"("default_ttl":"5h")");
  EXPECT_EQ(given(), hours(2));
}

TEST(DatabaseTimes, AreSaidToBeCut) {
  World world;
  const auto warnings = [&] { return world.call(Operation::read, "creds/app").warnings; };
  world.mount.config.max_lease_ttl = hours(2);
  EXPECT_TRUE(warnings().empty()) << "nobody wanted more";
  write_role(world, R"("default_ttl":"2h","max_ttl":"24h")");
  EXPECT_TRUE(warnings().empty());
  write_role(world, R"("default_ttl":"5h")");
  const std::vector<std::string> cut{"a TTL of 5h0m0s is beyond the maximum: it is cut to 2h0m0s"};
  EXPECT_EQ(warnings(), cut);
}

/// A lease of two hours and three at most, an hour old.
struct Leased {
  Leased() {
    write_role(world, R"("default_ttl":"2h","max_ttl":"3h")");
    EXPECT_TRUE(world.gives_creds());
    world.advance(hours(1));
  }
  std::chrono::seconds renewed(std::chrono::seconds increment = {}) {
    return must(world.renew(increment)).lease.remaining(world.now);
  }
  World world;
};

TEST(DatabaseTimes, OfARenewalAreTheRolesOfToday) {
  Leased leased;
  EXPECT_EQ(leased.renewed(hours(5)), hours(2));
  write_role(leased.world, R"("default_ttl":"30m","max_ttl":"90m")");
  EXPECT_EQ(leased.renewed(hours(5)), minutes(30));
  EXPECT_EQ(leased.renewed(minutes(10)), minutes(10));
  write_role(leased.world, R"("max_ttl":"9h")");
  EXPECT_EQ(leased.renewed(hours(5)), hours(5)) << "raised, it holds for this one too";
  EXPECT_EQ(leased.renewed(), minutes(30)) << "the default of today";
  write_role(leased.world, R"("default_ttl":"20m","max_ttl":"1h")");
  EXPECT_EQ(leased.world.renew(minutes(1)).error().code, ErrorCode::invalid_argument);
}

TEST(DatabaseTimes, OfARenewalAreTheMountsOfToday) {
  Leased leased;
  leased.world.mount.config.max_lease_ttl = minutes(90);
  const auto renewal = must(leased.world.renew(hours(1)));
  EXPECT_EQ(renewal.lease.remaining(leased.world.now), minutes(30));
  const std::vector<std::string> cut{"a TTL of 1h0m0s is beyond the maximum: it is cut to 30m0s"};
  EXPECT_EQ(renewal.warnings, cut);
  leased.world.mount.config.max_lease_ttl = hours(0);
  EXPECT_EQ(leased.renewed(hours(1)), hours(1));
}

/// It ends when it would have, by what it carries itself.
TEST(DatabaseTimes, ADeletedRoleRenewsNothing) {
  Leased leased;
  leased.world.call(Operation::remove, "roles/app");
  const auto refused = leased.world.renew(minutes(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().text.find("role"), std::string::npos);
  leased.world.advance(hours(1));
  leased.world.sweep();
  leased.world.run_ends();
  EXPECT_EQ(leased.world.leased_users(), 0U);
}

TEST(DatabaseTimes, OfARenewalFollowAMove) {
  Leased leased;
  leased.world.mount.path = "elsewhere/";
  write_role(leased.world, R"("default_ttl":"30m","max_ttl":"90m")");
  EXPECT_EQ(leased.renewed(hours(5)), minutes(30));
}

}  // namespace
}  // namespace coffer::engines::database
