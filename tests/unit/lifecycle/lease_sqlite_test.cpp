// Leases over a store on disk, whose snapshots can be overtaken.
#include <cstdlib>

#include "unit/lifecycle/lease_kit.h"

namespace coffer::lifecycle {
namespace {

class LeasesOnDisk : public testing::Test {
 protected:
  LeasesOnDisk() {
    std::string name = (std::filesystem::temp_directory_path() / "coffer-leases-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    world_ = std::make_unique<LeaseWorld>(
        LeaseLimits{}, must(store::open_sqlite_store({.path = (directory_ / "store.db").string(),
                                                      .durability = store::Durability::crash},
                                                     Uuid{})));
  }
  ~LeasesOnDisk() override {
    world_.reset();
    std::filesystem::remove_all(directory_);
  }
  void write(const std::string& name) {
    const auto tx = world_->begin();
    must(tx->write(row(name), "value", envelope::Expect::anything()));
    ASSERT_TRUE(world_->commit(*tx));
  }
  static envelope::RowName row(const std::string& name) {
    return {{.mount = {{9}}, .table = 1}, {}, name};
  }

  std::filesystem::path directory_;
  std::unique_ptr<LeaseWorld> world_;
};

/// The intent moves the store on. A `conflict` after it would have the request run again, and make
/// another user.
TEST_F(LeasesOnDisk, TheRequestReadsOnAfterItsIntent) {
  write("role");
  write("token");
  world_->issue(LeaseWorld::wanted("first"));
  // What is read again comes from memory, and takes no reader of the store's.
  ASSERT_TRUE(must(world_->begin()->read(row("role"))).has_value());
  const auto tx = world_->begin();
  ASSERT_TRUE(must(tx->read(row("role"))).has_value());
  const auto issued = world_->stage(LeaseWorld::wanted("second"), *tx);
  ASSERT_FALSE(issued.error) << issued.error->text;
  for (int i = 0; i < 20; ++i) write("other" + std::to_string(i));
  write("token");
  EXPECT_TRUE(must(tx->read(row("token"))).has_value());
  EXPECT_FALSE(must(tx->read(row("never"))).has_value());
  EXPECT_FALSE(must(tx->read(row("other3"))).has_value()) << "it sees the past";
  EXPECT_TRUE(world_->commit(*tx));
  issued.then();
  EXPECT_TRUE(world_->find(issued.id).has_value());
}

TEST_F(LeasesOnDisk, LiveAndEndAsInMemory) {
  std::string id;
  for (int i = 0; i < 100; ++i) id = world_->issue(LeaseWorld::wanted(std::to_string(i)));
  must(world_->renew(id, hours(2)));
  world_->restart();
  EXPECT_EQ(world_->leases->counts().total(), 100U);
  world_->clock.advance(hours(1));
  world_->sweep();
  world_->run_ends();
  EXPECT_EQ(world_->users(), 1U);
  EXPECT_TRUE(world_->find(id).has_value());
}

}  // namespace
}  // namespace coffer::lifecycle
