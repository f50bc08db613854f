// What was erased is gone from the files, not only from the answers (docs/formats/store.md).
#include "store_test_kit.h"

namespace coffer::store {
namespace {

class SqliteErasure : public ::testing::Test {
 protected:
  /// Where the bytes stand: in the database, its log, both, or nowhere.
  [[nodiscard]] std::string places_of(const std::string& bytes) const {
    std::string places;
    for (const char* suffix : {"", "-wal"}) {
      if (read_file(config_.path + suffix).find(bytes) != std::string::npos) {
        places += std::string(" store.db") + suffix;
      }
    }
    return places;
  }
  /// Larger than a page, so that it stands in overflow pages too.
  static std::string record(const std::string& id) {
    return id + std::string(10'000, 'x') + id + "-end";
  }

  TempDir directory_;
  SqliteConfig config_{.path = directory_.file("store.db")};
};

TEST_F(SqliteErasure, AnErasedRowIsInNoFileOnceSwept) {
  auto store = open_or_fail(config_);
  ASSERT_TRUE(put(*store, {{"a", record("erased-canary")}, {"b", record("kept-canary")}}).ok());
  store->sweep();
  EXPECT_EQ(places_of("erased-canary"), " store.db");
  ASSERT_TRUE(put(*store, {{"a", std::nullopt}}).ok());
  store->sweep();
  EXPECT_EQ(places_of("erased-canary"), "");
  EXPECT_EQ(places_of("kept-canary"), " store.db");
  EXPECT_EQ(get(*store, "b")->value, record("kept-canary"));
}

TEST_F(SqliteErasure, ARowThatOnlyTheLogEverHeldLeavesItToo) {
  auto store = open_or_fail(config_);
  store->sweep();
  ASSERT_TRUE(put(*store, {{"a", record("erased-canary")}}).ok());
  ASSERT_TRUE(put(*store, {{"a", std::nullopt}}).ok());
  EXPECT_EQ(places_of("erased-canary"), " store.db-wal") << "the test must see what it looks for";
  store->sweep();
  EXPECT_EQ(places_of("erased-canary"), "");
}

TEST_F(SqliteErasure, SmallRowsOfOnePageGoOneByOne) {
  auto store = open_or_fail(config_);
  std::vector<Write> rows;
  for (int i = 0; i < 200; ++i) {
    rows.push_back({"key" + std::to_string(i), "canary<" + std::to_string(i) + ">"});
  }
  ASSERT_TRUE(put(*store, rows).ok());
  for (int i = 0; i < 200; i += 2) {
    ASSERT_TRUE(put(*store, {{"key" + std::to_string(i), std::nullopt}}).ok());
  }
  store->sweep();
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(places_of("canary<" + std::to_string(i) + ">"), i % 2 == 0 ? "" : " store.db") << i;
  }
}

TEST_F(SqliteErasure, AReaderPutsItOffAndHoldsNobodyUp) {
  auto store = open_or_fail(config_);
  store->sweep();
  ASSERT_TRUE(put(*store, {{"a", record("erased-canary")}}).ok());
  auto snapshot = store->snapshot();
  ASSERT_TRUE(snapshot.ok());
  bool seen = false;
  ASSERT_TRUE((*snapshot)->scan("", [&](const Key&, const Row&) { return seen = true; }).ok());
  ASSERT_TRUE(put(*store, {{"a", std::nullopt}}).ok());
  const auto start = std::chrono::steady_clock::now();
  store->sweep();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_NE(places_of("erased-canary"), "") << "the reader still needs it";
  EXPECT_EQ((*(*snapshot)->get("a"))->value, record("erased-canary"));
  ASSERT_TRUE(put(*store, {{"b", "still written"}}).ok());
  snapshot->reset();
  store->sweep();
  EXPECT_EQ(places_of("erased-canary"), "");
}

TEST_F(SqliteErasure, AfterAnUncleanEndTheNextStoreSweepsWhatIsLeft) {
  const std::string copy = directory_.file("copy.db");
  {
    auto store = open_or_fail(config_);
    ASSERT_TRUE(put(*store, {{"a", record("erased-canary")}}).ok());
    ASSERT_TRUE(put(*store, {{"a", std::nullopt}}).ok());
    // As a killed process leaves its files.
    for (const char* suffix : {"", "-wal"}) {
      std::ofstream(copy + suffix, std::ios::binary) << read_file(config_.path + suffix);
      std::filesystem::permissions(
          copy + suffix, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
  }
  config_.path = copy;
  ASSERT_NE(places_of("erased-canary"), "");
  auto store = open_or_fail(config_);
  store->sweep();
  EXPECT_EQ(places_of("erased-canary"), "");
}

TEST_F(SqliteErasure, WithNothingErasedTheLogIsLeftAlone) {
  auto store = open_or_fail(config_);
  store->sweep();
  ASSERT_TRUE(put(*store, {{"a", "value"}}).ok());
  store->sweep();
  EXPECT_FALSE(read_file(config_.path + "-wal").empty());
}

}  // namespace
}  // namespace coffer::store
