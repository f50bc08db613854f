// What was erased is gone from the files, not only from the answers (docs/formats/store.md).
#include <map>
#include <random>
#include <set>

#include "../../../src/store/tidy_vfs.h"
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

/// Every "<number>" in the text.
std::set<int> numbers_in(const std::string& text) {
  std::set<int> numbers;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t digits = text.find_first_not_of("0123456789", at + 1);
    if (digits > at + 1 && digits < text.size() && text[digits] == '>') {
      numbers.insert(std::stoi(text.substr(at + 1, digits - at - 1)));
    }
  }
  return numbers;
}

// Balancing the tree leaves copies of rows in pages, where secure_delete doesn't reach: without
// tidy_vfs.h this finds some erased rows, of all.
TEST_F(SqliteErasure, NoCopyOfARowOutlivesItHoweverTheTreeWasBalanced) {
  config_.durability = Durability::crash;
  auto store = open_or_fail(config_);
  std::mt19937 random(1);
  const auto up_to = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  const std::size_t sizes[] = {20, 100, 300, 600, 1500, 6000};
  const auto named = [](int n) { return "<" + std::to_string(100'000 + n) + ">"; };
  std::vector<int> live;
  std::map<int, Key> keys;
  int next = 0;
  for (int commit = 0; commit < 1500; ++commit) {
    std::vector<Write> writes;
    for (std::size_t i = up_to(8) + 1; i > 0; --i) {
      const std::size_t what = up_to(20);
      const std::size_t at = live.empty() ? 0 : up_to(live.size());
      if (what < 4 && !live.empty()) {
        writes.push_back({keys[live[at]], std::nullopt});
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
        continue;
      }
      if (what < 12 || live.empty()) {
        live.push_back(next);
        keys[next] = std::to_string(random()) + named(next) + std::string(20, 'k');
        ++next;
      }
      const int row = what < 12 ? live.back() : live[at];
      writes.push_back({keys[row], named(row) + std::string(sizes[up_to(6)], 'v')});
    }
    ASSERT_TRUE(put(*store, writes).ok());
    if (commit % 100 == 0) store->sweep();
  }
  ASSERT_TRUE(put(*store, {{keys[live.back()], std::nullopt}}).ok());
  live.pop_back();
  store->sweep();
  std::set<int> expected;
  for (const int row : live) expected.insert(100'000 + row);
  EXPECT_EQ(numbers_in(read_file(config_.path)), expected);
  EXPECT_TRUE(read_file(config_.path + "-wal").empty());
  store.reset();
  EXPECT_EQ(integrity_of(config_.path), "ok");
}

TEST(ZeroUnallocated, ZeroesTheMiddleOfATreesPageAlone) {
  std::vector<std::uint8_t> leaf(512, 0xee);
  const std::uint8_t header[] = {13, 0, 0, 0, 2, 0x01, 0xf0, 0};
  std::copy(std::begin(header), std::end(header), leaf.begin());
  std::vector<std::uint8_t> expected = leaf;
  std::fill(expected.begin() + 12, expected.begin() + 0x1f0, 0);
  zero_unallocated(leaf, false);
  EXPECT_EQ(leaf, expected);
}

TEST(ZeroUnallocated, LeavesAloneWhatIsNoTreesPageOrContradictsItself) {
  for (const auto& header : std::vector<std::vector<std::uint8_t>>{
           {0, 0, 0, 9, 2, 0x01, 0xf0, 0},      // overflow: a page number
           {13, 0, 0, 0xff, 0xff, 0x01, 0xf0},  // more cells than fit
           {13, 0, 0, 0, 2, 0x02, 0x01},        // content beyond the page
           {13, 0, 0, 0, 9, 0x00, 0x0c}}) {     // content within the pointers
    std::vector<std::uint8_t> page(512, 0xee);
    std::copy(header.begin(), header.end(), page.begin());
    const auto before = page;
    zero_unallocated(page, false);
    EXPECT_EQ(page, before);
  }
  std::vector<std::uint8_t> tiny(8, 13);
  zero_unallocated(tiny, false);
  EXPECT_EQ(tiny, std::vector<std::uint8_t>(8, 13));
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
