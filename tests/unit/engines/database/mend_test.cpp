// What was due for a static role or a retired connection is lost, and written anew from its row.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "src/engines/database/tables.h"
#include "world.h"

namespace coffer::engines::database {
namespace {

/// Everything that is due until then goes; gives of what kinds it was.
std::vector<std::string> lose_what_is_due(World& world, WallTime until) {
  std::vector<std::string> kinds;
  const auto tx = world.begin();
  for (const lifecycle::Due& due : must(lifecycle::due(*tx, until, 100)).due) {
    kinds.push_back(due.kind);
    tx->erase(
        {{.mount = {}, .table = 5}, fmt::format("{:012}/", due.bucket), due.kind + "/" + due.id},
        envelope::Expect::anything());
  }
  EXPECT_TRUE(world.commit(*tx));
  EXPECT_TRUE(must(lifecycle::due(*world.begin(), until, 100)).due.empty());
  return kinds;
}

void mend(World& world, std::uint16_t table) {
  const auto tx = world.begin();
  for (const envelope::ListedRow& row : must(tx->list({world.mount.uuid, table}, ""))) {
    must(world.engine->mend(*tx, {{world.mount.uuid, table}, "", row.name}, row.value, world.now));
  }
  EXPECT_TRUE(world.commit(*tx));
}

TEST(MendedDatabase, AStaticRoleIsRotatedAgain) {
  World world;
  world.call(Operation::update, "static-roles/own",
             R"({"db_name":"pg","username":"owner","rotation_period":3600})");
  const std::string before = world.static_password();
  const auto lost = lose_what_is_due(world, world.now + std::chrono::hours(2));
  EXPECT_EQ(std::count(lost.begin(), lost.end(), "database_static"), 2)
      << "of when it was made, and of the next rotation";
  world.advance(std::chrono::hours(2));
  world.sweep();
  EXPECT_EQ(world.static_password(), before);
  mend(world, kStaticTable);
  world.sweep();
  EXPECT_NE(world.static_password(), before);
  EXPECT_TRUE(world.database.logs_in("owner", world.static_password()));
}

TEST(MendedDatabase, ARetiredConnectionIsLookedAtAgain) {
  World world;
  world.call(Operation::remove, "config/pg");
  const auto lost = lose_what_is_due(world, world.now + std::chrono::hours(24 * 400));
  EXPECT_EQ(std::count(lost.begin(), lost.end(), "database_connection"), 1);
  mend(world, kConnectionTable);
  for (int look = 0; look < 3; ++look) {
    world.sweep();
    world.advance(std::chrono::hours(2));
  }
  EXPECT_TRUE(must(world.begin()->list({world.mount.uuid, kConnectionTable}, "")).empty());
}

}  // namespace
}  // namespace coffer::engines::database
