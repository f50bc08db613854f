// Many threads against one store: the cache and the file never disagree.
#include <atomic>
#include <functional>
#include <thread>

#include "store_test_kit.h"

namespace coffer::store {
namespace {

constexpr int kPairs = 32;

Key left(int pair) { return "left" + std::to_string(pair); }
Key right(int pair) { return "right" + std::to_string(pair); }

/// Threads that run a step until the test says stop.
class Crowd final {
 public:
  ~Crowd() { stop(); }
  Crowd() = default;
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  void add(const std::function<void(unsigned)>& step) {
    threads_.emplace_back([this, step] {
      for (unsigned i = 0; !stopped_; ++i) step(i);
    });
  }
  void stop() {
    stopped_ = true;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> threads_;
};

struct Counts {
  std::atomic<int> reads = 0;
  std::atomic<int> conflicts = 0;
  std::atomic<int> torn = 0;
  std::atomic<int> errors = 0;
};

void write_pair(Store& store, unsigned i, Counts& counts) {
  const int pair = static_cast<int>(i * 7919U % kPairs);
  const std::string value = std::to_string(i) + std::string(i % 700, '.');
  // Now and then the pair goes, together.
  std::optional<std::string> written;
  if (i % 11 != 0) written = value;
  if (!put(store, {{left(pair), written}, {right(pair), written}}).ok()) ++counts.errors;
}

/// Two rows that are always written together, read in either order, one of them by a scan at times.
void read_pair(Store& store, unsigned i, Counts& counts) {
  const int pair = static_cast<int>(i * 31U % kPairs);
  const auto snapshot = store.snapshot();
  if (!snapshot.ok()) return void(++counts.errors);
  const Key first = i % 2 == 0 ? left(pair) : right(pair);
  const Key second = i % 2 == 0 ? right(pair) : left(pair);
  const auto a = (*snapshot)->get(first);
  if (!a.ok())
    return void(++(a.error().code == ErrorCode::conflict ? counts.conflicts : counts.errors));
  std::optional<Row> b;
  Result<void> seen;
  if (i % 5 == 0) {
    seen = (*snapshot)->scan(second, [&](const Key& key, const Row& row) {
      if (key == second) b = row;
      return key != second;
    });
  } else {
    auto row = (*snapshot)->get(second);
    if (row.ok()) {
      b = *row;
    } else {
      seen = row.error();
    }
  }
  if (!seen.ok())
    return void(++(seen.error().code == ErrorCode::conflict ? counts.conflicts : counts.errors));
  ++counts.reads;
  const bool together = a->has_value() == b.has_value() &&
                        (!b || ((*a)->value == b->value && (*a)->version == b->version));
  if (!together) ++counts.torn;
}

void stress(std::size_t cache_bytes, std::size_t log_filler) {
  const TempDir dir;
  const SqliteConfig config{dir.file("store.db"), Durability::crash, cache_bytes};
  Counts counts;
  {
    const auto store = open_or_fail(config);
    ASSERT_NE(store, nullptr);
    Crowd crowd;
    for (int t = 0; t < 4; ++t) crowd.add([&](unsigned i) { read_pair(*store, i, counts); });
    crowd.add([&](unsigned i) { write_pair(*store, i, counts); });
    // Fills the log, so that checkpoints happen while the others read.
    crowd.add([&](unsigned i) {
      const std::string filler(log_filler, static_cast<char>('a' + i % 26));
      if (!put(*store, {{"filler" + std::to_string(i % 8), filler}}).ok()) ++counts.errors;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    crowd.stop();
  }
  EXPECT_EQ(counts.torn, 0);
  EXPECT_EQ(counts.errors, 0);
  EXPECT_GT(counts.reads, 100);
  EXPECT_EQ(integrity_of(config.path), "ok");
}

TEST(SqliteStress, RowsWrittenTogetherAreReadTogether) { stress(1U << 20U, 200000); }

TEST(SqliteStress, AlsoWhileACacheOfAFewRowsForgetsAllTheTime) { stress(2000, 20000); }

TEST(SqliteStress, AlsoWithoutACache) { stress(0, 20000); }

TEST(SqliteStress, ASnapshotOfCachedRowsServesAnUnchangedRowAfterOthersChanged) {
  const TempDir dir;
  const auto store = open_or_fail({dir.file("store.db"), Durability::crash, 1U << 20U});
  ASSERT_TRUE(put(*store, {{"a", "1"}, {"b", "1"}, {"c", "1"}}).ok());
  ASSERT_TRUE(get(*store, "a"));
  auto snapshot = store->snapshot();
  ASSERT_TRUE((*snapshot)->get("a").ok());
  ASSERT_TRUE(put(*store, {{"c", "2"}}).ok());

  const auto unchanged = (*snapshot)->get("b");
  ASSERT_TRUE(unchanged.ok()) << describe(unchanged.error());
  EXPECT_EQ((*unchanged)->value, "1");
  EXPECT_EQ((*snapshot)->sequence(), 1U);
  for (const auto* key : {"c", "absent"}) {
    const auto changed = (*snapshot)->get(key);
    ASSERT_FALSE(changed.ok());
    EXPECT_EQ(changed.error().code, ErrorCode::conflict);
  }
  const auto scanned = (*snapshot)->scan("", [](const Key&, const Row&) { return true; });
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().code, ErrorCode::conflict);
}

TEST(SqliteStress, ASnapshotThatHasReadNothingMovesToTheNewestCommit) {
  const TempDir dir;
  const auto store = open_or_fail({dir.file("store.db"), Durability::crash, 1U << 20U});
  ASSERT_TRUE(put(*store, {{"a", "1"}, {"b", "1"}}).ok());
  ASSERT_TRUE(get(*store, "a"));
  auto hit = store->snapshot();
  auto miss = store->snapshot();
  auto scan = store->snapshot();
  ASSERT_TRUE(put(*store, {{"a", "2"}, {"b", "2"}}).ok());
  EXPECT_EQ((*(*hit)->get("a"))->value, "2");
  EXPECT_EQ((*(*miss)->get("b"))->value, "2");
  std::string seen;
  ASSERT_TRUE((*scan)
                  ->scan("",
                         [&](const Key&, const Row& row) {
                           seen += row.value;
                           return true;
                         })
                  .ok());
  EXPECT_EQ(seen, "22");
  for (const auto* snapshot : {&hit, &miss, &scan}) EXPECT_EQ((**snapshot)->sequence(), 2U);
}

TEST(SqliteStress, MoreSnapshotsAtOnceThanThePoolKeepsAllRead) {
  const TempDir dir;
  const auto store = open_or_fail({dir.file("store.db"), Durability::crash, 0});
  ASSERT_TRUE(put(*store, {{"a", "1"}}).ok());
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Snapshot>> snapshots;
    for (int i = 0; i < 50; ++i) {
      auto snapshot = store->snapshot();
      ASSERT_TRUE(snapshot.ok());
      const auto row = (*snapshot)->get("a");
      ASSERT_TRUE(row.ok() && *row);
      snapshots.push_back(*std::move(snapshot));
    }
  }
  EXPECT_TRUE(put(*store, {{"a", "2"}}).ok());
}

}  // namespace
}  // namespace coffer::store
