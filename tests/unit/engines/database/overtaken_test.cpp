// Requests that others overtake while the database answers, over a store on disk, whose snapshots
// say so.
#include <cstdlib>
#include <filesystem>

#include "unit/engines/database/world.h"

namespace coffer::engines::database {
namespace {

class DatabaseOvertaken : public testing::Test {
 protected:
  DatabaseOvertaken() {
    std::string name = (std::filesystem::temp_directory_path() / "coffer-creds-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    world_ = std::make_unique<World>(must(store::open_sqlite_store(
        {.path = (directory_ / "store.db").string(), .durability = store::Durability::crash},
        Uuid{})));
  }
  ~DatabaseOvertaken() override {
    world_.reset();
    std::filesystem::remove_all(directory_);
  }
  void others_commit() {
    for (int i = 0; i < 20; ++i) {
      const auto tx = world_->begin();
      const envelope::RowName row{{.mount = {{8}}, .table = 1}, {}, std::to_string(i)};
      must(tx->write(row, "value", envelope::Expect::anything()));
      ASSERT_TRUE(world_->commit(*tx));
    }
  }

  std::filesystem::path directory_;
  std::unique_ptr<World> world_;
};

/// A conflict after the server was asked has it asked again, up to 64 times: at 16 callers at once
/// that halved how many users there were a second, and now and then it was the caller's 503.
TEST_F(DatabaseOvertaken, WhoAsksForAUserIsServedAtTheFirstTry) {
  EXPECT_TRUE(world_->gives_creds());  // what it reads comes from memory from now on
  int asked = 0;
  world_->database.when_asked = [&](const std::string&) {
    ++asked;
    others_commit();
  };
  EXPECT_TRUE(world_->gives_creds());
  EXPECT_EQ(asked, 1);
  world_->run_ends();
  EXPECT_EQ(world_->leased_users(), 2U) << "and none was made that nobody was told of";
}

}  // namespace
}  // namespace coffer::engines::database
