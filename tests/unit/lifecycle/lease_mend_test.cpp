// Rows that lead to a lease and to what is due for it are lost, each and all: after they are mended
// it is found, and ends, as any other.
#include <fmt/core.h>

#include "lease_kit.h"
#include "src/lifecycle/lease_rows.h"

namespace coffer::lifecycle {
namespace {

class LeaseMendTest : public testing::Test {
 protected:
  void lose(const std::vector<envelope::RowName>& rows) {
    const auto tx = world_.begin();
    for (const envelope::RowName& row : rows) {
      ASSERT_TRUE(must(tx->read(row)).has_value()) << row.parent << row.name;
      tx->erase(row, envelope::Expect::anything());
    }
    ASSERT_TRUE(world_.commit(*tx));
  }
  void mend(const envelope::RowName& row) {
    const auto tx = world_.begin();
    const auto stored = must(tx->read(row));
    ASSERT_TRUE(stored.has_value());
    must(Leases::mend(*tx, row, stored->value, world_.now()));
    ASSERT_TRUE(world_.commit(*tx));
    world_.restart();
  }
  [[nodiscard]] envelope::RowName due_row() const {
    const auto minute = std::chrono::floor<minutes>(lease_.expires).time_since_epoch().count();
    return {{.mount = {}, .table = 5}, fmt::format("{:012}/", minute), "lease/" + lease_.id()};
  }
  [[nodiscard]] envelope::RowName row() const {
    return lease_row(lease_.terms.prefix, lease_.name);
  }
  std::map<std::string, WallTime>& users() { return world_.targets["db"].users; }

  LeaseWorld world_;
  const Lease lease_ = *world_.find(world_.issue(LeaseWorld::wanted()));
};

TEST_F(LeaseMendTest, ALeaseIsListedAgain) {
  lose({prefix_row(lease_.terms.prefix)});
  EXPECT_TRUE(world_.list("database/").empty());
  mend(row());
  EXPECT_EQ(world_.list("database/"), std::vector<std::string>{"creds/"});
}

TEST_F(LeaseMendTest, ItsOwnerIsKnownAgain) {
  lose({owner_row("alice", lease_.id())});
  mend(row());
  EXPECT_EQ(must(Leases::owned(*world_.begin(), "alice", 10)).ids,
            std::vector<std::string>{lease_.id()});
}

TEST_F(LeaseMendTest, ItEndsInItsTime) {
  lose({due_row()});
  world_.clock.advance(hours(2));
  world_.sweep();
  world_.run_ends();
  EXPECT_EQ(users().size(), 1U) << "nothing is due";
  mend(row());
  world_.sweep();
  world_.run_ends();
  EXPECT_TRUE(users().empty());
}

TEST_F(LeaseMendTest, WhatWasDueAlreadyIsDueOnce) {
  mend(row());
  mend(row());
  world_.clock.advance(hours(2));
  world_.sweep();
  world_.run_ends();
  EXPECT_TRUE(users().empty());
  EXPECT_EQ(world_.targets["db"].ends, 1);
}

TEST_F(LeaseMendTest, AnEndThatWaitsIsFoundAgain) {
  world_.end(lease_.id());
  lose({target_row("db")});
  world_.restart();
  world_.run_ends();
  EXPECT_EQ(users().size(), 1U) << "nobody knows of it";
  mend(pending_row("db", lease_.id()));
  world_.run_ends();
  EXPECT_TRUE(users().empty());
}

TEST_F(LeaseMendTest, OtherRowsAreLeftAsTheyAre) {
  const auto tx = world_.begin();
  must(Leases::mend(*tx, owner_row("alice", "x"), "", world_.now()));
  envelope::RowName elsewhere = row();
  elsewhere.space.mount = Uuid{{7}};
  must(Leases::mend(*tx, elsewhere, "", world_.now()));
  EXPECT_TRUE(tx->take().empty());
  EXPECT_EQ(Leases::mend(*tx, row(), "\x09", world_.now()).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace coffer::lifecycle
