#include "src/store/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace coffer::store {
namespace {

constexpr std::size_t kRoomy = std::size_t{1} << 20U;

std::optional<std::string> text(const RowCache::Found& found) {
  return found.row ? std::optional(found.row->value) : std::nullopt;
}

void publish(RowCache& cache, std::uint64_t sequence, const Key& key,
             const std::optional<std::string>& value) {
  cache.publish(sequence, {{key, &value}});
}

TEST(RowCache, GivesBackWhatWasInserted) {
  RowCache cache(kRoomy, 5);
  cache.insert("a", {"one", 3}, 5);
  const auto found = cache.get("a");
  EXPECT_EQ(text(found), "one");
  EXPECT_EQ(found.row->version, 3U);
  EXPECT_EQ(found.sequence, 5U);
  EXPECT_EQ(text(cache.get("b")), std::nullopt);
}

TEST(RowCache, GivesTheVersionAloneAsItGivesTheRow) {
  RowCache cache(kRoomy, 5);
  cache.insert("a", {"one", 3}, 5);
  EXPECT_EQ(cache.find_version("a").version, 3U);
  EXPECT_EQ(cache.find_version("a").sequence, 5U);
  EXPECT_EQ(cache.find_version("b").version, std::nullopt);
  publish(cache, 6, "a", "two");
  EXPECT_EQ(cache.find_version("a").version, 6U);
  EXPECT_EQ(cache.find_version("a").sequence, 6U);
  publish(cache, 7, "a", std::nullopt);
  EXPECT_EQ(cache.find_version("a").version, std::nullopt);
  EXPECT_EQ(cache.find_version("a").sequence, 7U);
  RowCache none(0, 5);
  EXPECT_EQ(none.find_version("a").version, std::nullopt);
}

TEST(RowCache, AskingForTheVersionIsAUse) {
  RowCache cache(500, 5);  // room for two rows
  cache.insert("a", {"one", 3}, 5);
  cache.insert("b", {"two", 3}, 5);
  EXPECT_TRUE(cache.find_version("a").version);
  cache.insert("c", {"three", 3}, 5);
  EXPECT_TRUE(cache.find_version("a").version);
  EXPECT_FALSE(cache.find_version("b").version);
}

TEST(RowCache, RefusesARowReadAtAnotherSequenceThanItsOwn) {
  RowCache cache(kRoomy, 5);
  cache.insert("old", {"x", 3}, 4);
  cache.insert("early", {"x", 6}, 6);
  EXPECT_EQ(text(cache.get("old")), std::nullopt);
  EXPECT_EQ(text(cache.get("early")), std::nullopt);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(RowCache, APublishedChangeReplacesTheRowAndMovesTheSequence) {
  RowCache cache(kRoomy, 5);
  cache.insert("a", {"one", 3}, 5);
  publish(cache, 6, "a", "two");
  const auto found = cache.get("a");
  EXPECT_EQ(text(found), "two");
  EXPECT_EQ(found.row->version, 6U);
  EXPECT_EQ(found.sequence, 6U);
}

TEST(RowCache, APublishedErasureForgetsTheRow) {
  RowCache cache(kRoomy, 5);
  cache.insert("a", {"one", 3}, 5);
  publish(cache, 6, "a", std::nullopt);
  EXPECT_EQ(text(cache.get("a")), std::nullopt);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(RowCache, APublishedChangeOfARowThatIsNotHereOnlyMovesTheSequence) {
  RowCache cache(kRoomy, 5);
  publish(cache, 6, "a", "two");
  EXPECT_EQ(text(cache.get("a")), std::nullopt);
  EXPECT_EQ(cache.sequence(), 6U);
}

TEST(RowCache, ForgetsTheLeastRecentlyUsedFirst) {
  RowCache cache(1000, 1);  // four rows of 250 bytes with their overhead
  const std::string value(50, 'v');
  for (const auto* key : {"a", "b", "c", "d"}) cache.insert(key, {value, 1}, 1);
  EXPECT_TRUE(cache.get("a").row);
  cache.insert("e", {value, 1}, 1);
  EXPECT_TRUE(cache.get("a").row);
  EXPECT_FALSE(cache.get("b").row);
  EXPECT_TRUE(cache.get("e").row);
}

TEST(RowCache, NeverHoldsMoreThanItsBytes) {
  RowCache cache(5000, 1);
  for (int i = 0; i < 1000; ++i) {
    cache.insert(std::to_string(i), {std::string(static_cast<std::size_t>(i), 'v'), 1}, 1);
    ASSERT_LE(cache.bytes(), 5000U);
  }
  EXPECT_GT(cache.bytes(), 0U);
}

TEST(RowCache, AGrowingReplacementIsCountedAndMakesRoom) {
  RowCache cache(1000, 1);
  cache.insert("a", {"x", 1}, 1);
  cache.insert("b", {"x", 1}, 1);
  publish(cache, 2, "a", std::string(500, 'y'));
  EXPECT_LE(cache.bytes(), 1000U);
  publish(cache, 3, "a", std::string(5000, 'y'));
  EXPECT_FALSE(cache.get("a").row);
  EXPECT_LE(cache.bytes(), 1000U);
}

TEST(RowCache, DoesNotTakeAHugeRow) {
  RowCache cache(std::size_t{16} << 20U, 1);
  cache.insert("a", {std::string(1U << 20U, 'v'), 1}, 1);
  EXPECT_FALSE(cache.get("a").row);
}

TEST(RowCache, WithNoBytesKeepsNothingAndStillTellsTheSequence) {
  RowCache cache(0, 7);
  cache.insert("a", {"", 1}, 7);
  EXPECT_FALSE(cache.get("a").row);
  publish(cache, 8, "a", "x");
  EXPECT_EQ(cache.get("a").sequence, 8U);
}

TEST(RowCache, TellsTheVersionOfWhatItHas) {
  RowCache cache(kRoomy, 5);
  cache.insert("a", {"one", 3}, 5);
  EXPECT_EQ(cache.version("a"), 3U);
  EXPECT_EQ(cache.version("b"), std::nullopt);
}

TEST(RowCache, ARowAndTheSequenceMoveTogether) {
  RowCache cache(kRoomy, 1);
  cache.insert("a", {"1", 1}, 1);
  std::atomic<bool> stop = false;
  std::thread publisher([&] {
    for (std::uint64_t s = 2; s < 20000; ++s) publish(cache, s, "a", std::to_string(s));
    stop = true;
  });
  while (!stop) {
    const auto found = cache.get("a");
    ASSERT_TRUE(found.row);
    ASSERT_EQ(found.row->version, found.sequence);
    ASSERT_EQ(found.row->value, std::to_string(found.sequence));
  }
  publisher.join();
}

}  // namespace
}  // namespace coffer::store
