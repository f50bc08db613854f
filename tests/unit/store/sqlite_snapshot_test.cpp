// The instant between SQLite's COMMIT and the publication to the cache, held still: the file is at
// sequence 2, the cache at 1.
#include "src/store/sqlite_snapshot.h"

#include "store_test_kit.h"

namespace coffer::store {
namespace {

class BetweenCommitAndPublish : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      const auto store = open_or_fail({path_, Durability::crash});
      ASSERT_TRUE(put(*store, {{"a", "1"}, {"b", "1"}, {"same", "1"}}).ok());
      ASSERT_TRUE(put(*store, {{"a", "2"}, {"b", "2"}, {"new", "2"}}).ok());
    }
    auto writer = SqliteWriter::open(path_, Durability::crash);
    ASSERT_TRUE(writer.ok());
    const SqliteWriter::Opened unpublished{1, kNode};
    parts_ = std::make_shared<SqliteParts>(UniqueFd(), *std::move(writer), unpublished, 1U << 20U,
                                           path_);
    parts_->cache.insert("a", {"1", 1}, 1);
  }

  std::string value(SqliteSnapshot& snapshot, const Key& key) {
    const auto row = snapshot.get(key);
    if (!row.ok()) return std::string(to_string(row.error().code));
    return *row ? (*row)->value : "absent";
  }

  TempDir dir_;
  std::string path_ = dir_.file("store.db");
  std::shared_ptr<SqliteParts> parts_;
};

TEST_F(BetweenCommitAndPublish, ASnapshotOfTheFileDoesNotTakeOlderRowsFromTheCache) {
  SqliteSnapshot snapshot(parts_);
  EXPECT_EQ(value(snapshot, "b"), "2");
  EXPECT_EQ(snapshot.sequence(), 2U);
  EXPECT_EQ(value(snapshot, "a"), "2");
}

TEST_F(BetweenCommitAndPublish, ASnapshotOfTheCacheDoesNotTakeNewerRowsFromTheFile) {
  SqliteSnapshot snapshot(parts_);
  EXPECT_EQ(value(snapshot, "a"), "1");
  EXPECT_EQ(value(snapshot, "b"), "conflict");
  EXPECT_EQ(value(snapshot, "new"), "conflict");
  EXPECT_EQ(value(snapshot, "gone"), "conflict");
  EXPECT_EQ(value(snapshot, "same"), "1");
  EXPECT_EQ(snapshot.sequence(), 1U);
}

TEST_F(BetweenCommitAndPublish, VersionsAreThoseOfTheRowsThatItWouldGive) {
  const auto version = [](SqliteSnapshot& snapshot, const Key& key) {
    const auto found = snapshot.version(key);
    return found.ok() ? std::to_string(*found) : std::string(to_string(found.error().code));
  };
  SqliteSnapshot of_file(parts_);
  EXPECT_EQ(version(of_file, "b"), "2");
  EXPECT_EQ(version(of_file, "a"), "2");
  EXPECT_EQ(version(of_file, "gone"), "0");
  SqliteSnapshot of_cache(parts_);
  EXPECT_EQ(version(of_cache, "a"), "1");
  EXPECT_EQ(version(of_cache, "b"), "conflict");
  EXPECT_EQ(version(of_cache, "same"), "1");
  EXPECT_EQ(version(of_cache, "gone"), "conflict");
}

TEST_F(BetweenCommitAndPublish, RowsOfTheFileAreNotCachedYet) {
  {
    SqliteSnapshot snapshot(parts_);
    EXPECT_EQ(value(snapshot, "b"), "2");
  }
  EXPECT_FALSE(parts_->cache.get("b").row);
  parts_->cache.publish(2, {});
  SqliteSnapshot snapshot(parts_);
  EXPECT_EQ(value(snapshot, "b"), "2");
  EXPECT_TRUE(parts_->cache.get("b").row);
}

}  // namespace
}  // namespace coffer::store
