#include "../../../src/envelope/content_key_cache.h"

#include "world.h"

namespace coffer::envelope {
namespace {

using std::chrono::seconds;

SharedContentKey key_of(std::uint8_t fill) {
  return std::make_shared<const KnownContentKey>(
      KnownContentKey{"head", "context", must(SecureBytes::copy_of(Bytes(32, fill)))});
}

std::uint8_t first_byte(const SharedContentKey& key) {
  return key->key.expose(Reveal{"test"}).front();
}

TEST(ContentKeyCache, GivesBackWhatWasPutIn) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  cache.put(id(2), key_of(2), cache.generation());
  ASSERT_NE(cache.find(id(1)), nullptr);
  EXPECT_EQ(first_byte(cache.find(id(1))), 1);
  EXPECT_EQ(first_byte(cache.find(id(2))), 2);
  EXPECT_EQ(cache.find(id(3)), nullptr);
}

TEST(ContentKeyCache, IdsThatHashAlikeAreStillTold) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10}, clock);
  Uuid a = id(1);
  Uuid b = id(1);
  b.bytes[0] = 2;
  cache.put(a, key_of(1), cache.generation());
  EXPECT_EQ(cache.find(b), nullptr);
  cache.put(b, key_of(2), cache.generation());
  EXPECT_EQ(first_byte(cache.find(a)), 1);
  EXPECT_EQ(first_byte(cache.find(b)), 2);
}

TEST(ContentKeyCache, GivesAndTakesNothingWhileTheTokenIsDown) {
  ManualClock clock;
  bool usable = true;
  ContentKeyCache cache({.entries = 3, .usable = [&] { return usable; }}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  usable = false;
  EXPECT_EQ(cache.find(id(1)), nullptr);
  cache.put(id(2), key_of(2), cache.generation());
  EXPECT_EQ(cache.size(), 1U);
  usable = true;
  EXPECT_NE(cache.find(id(1)), nullptr) << "a moment without the token wipes nothing";
  EXPECT_EQ(cache.find(id(2)), nullptr);
}

TEST(ContentKeyCache, IsWipedByTheSweepWhileTheTokenIsDown) {
  ManualClock clock;
  bool usable = false;
  ContentKeyCache cache({.entries = 3, .usable = [&] { return usable; }}, clock);
  usable = true;
  cache.put(id(1), key_of(1), cache.generation());
  const std::uint64_t before = cache.generation();
  usable = false;
  cache.sweep();
  EXPECT_EQ(cache.size(), 0U);
  usable = true;
  cache.put(id(1), key_of(1), before);
  EXPECT_EQ(cache.find(id(1)), nullptr) << "what was unwrapped before the token went isn't put in";
}

TEST(ContentKeyCache, DropsTheLeastRecentlyUsed) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 3}, clock);
  for (std::uint8_t i = 1; i <= 3; ++i) cache.put(id(i), key_of(i), cache.generation());
  EXPECT_NE(cache.find(id(1)), nullptr);
  cache.put(id(4), key_of(4), cache.generation());
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_NE(cache.find(id(1)), nullptr);
  EXPECT_EQ(cache.find(id(2)), nullptr);
  EXPECT_NE(cache.find(id(3)), nullptr);
  EXPECT_NE(cache.find(id(4)), nullptr);
}

TEST(ContentKeyCache, PuttingAgainReplaces) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 3}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  cache.put(id(1), key_of(2), cache.generation());
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(first_byte(cache.find(id(1))), 2);
}

TEST(ContentKeyCache, UseDoesntProlongAge) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 3, .max_age = seconds(60)}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  for (int second = 1; second < 60; ++second) {
    clock.advance(seconds(1));
    EXPECT_NE(cache.find(id(1)), nullptr) << second;
  }
  clock.advance(seconds(1));
  EXPECT_EQ(cache.find(id(1)), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(ContentKeyCache, SweepDropsWhatIsTooOldAndNothingElse) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10, .max_age = seconds(60)}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  clock.advance(seconds(30));
  cache.put(id(2), key_of(2), cache.generation());
  clock.advance(seconds(30));
  cache.sweep();
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_NE(cache.find(id(2)), nullptr);
}

TEST(ContentKeyCache, HoldsNothingWithoutEntriesOrAge) {
  ManualClock clock;
  for (const CacheConfig& config : {CacheConfig{.entries = 0, .max_age = seconds(60)},
                                    CacheConfig{.entries = 10, .max_age = seconds(0)}}) {
    ContentKeyCache cache(config, clock);
    cache.put(id(1), key_of(1), cache.generation());
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(cache.find(id(1)), nullptr);
  }
}

TEST(ContentKeyCache, AnotherAgeHoldsForWhatIsInItToo) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10, .max_age = seconds(60)}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  clock.advance(seconds(20));
  cache.put(id(2), key_of(2), cache.generation());
  cache.set_max_age(seconds(10));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_NE(cache.find(id(2)), nullptr);
  cache.set_max_age(seconds(0));
  EXPECT_EQ(cache.size(), 0U);
  cache.put(id(3), key_of(3), cache.generation());
  EXPECT_EQ(cache.find(id(3)), nullptr);
  cache.set_max_age(seconds(60));
  cache.put(id(4), key_of(4), cache.generation());
  EXPECT_NE(cache.find(id(4)), nullptr);
}

TEST(ContentKeyCache, PurgeKeepsOutKeysThatWereUnwrappedBefore) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  const std::uint64_t before = cache.generation();
  cache.purge();
  EXPECT_EQ(cache.size(), 0U);
  cache.put(id(2), key_of(2), before);
  EXPECT_EQ(cache.size(), 0U);
  cache.put(id(3), key_of(3), cache.generation());
  EXPECT_EQ(cache.size(), 1U);
}

TEST(ContentKeyCache, AForgottenKeyIsGoneAndTheOthersStay) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  cache.put(id(2), key_of(2), cache.generation());
  cache.forget(id(1));
  cache.forget(id(9));
  EXPECT_EQ(cache.find(id(1)), nullptr);
  EXPECT_EQ(first_byte(cache.find(id(2))), 2);
}

TEST(ContentKeyCache, WhoUnwrappedItMeanwhileCannotPutAForgottenKeyBack) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10}, clock);
  const std::uint64_t before = cache.generation();
  cache.forget(id(1));
  for (std::uint8_t i = 2; i < 250; ++i) cache.forget(id(i));
  cache.put(id(1), key_of(1), before);
  EXPECT_EQ(cache.size(), 0U);
  cache.put(id(251), key_of(3), before);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(ContentKeyCache, AKeyInUseOutlivesThePurge) {
  ManualClock clock;
  ContentKeyCache cache({.entries = 10}, clock);
  cache.put(id(1), key_of(1), cache.generation());
  const SharedContentKey held = cache.find(id(1));
  cache.purge();
  EXPECT_EQ(first_byte(held), 1);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(KnownContentKey, IsOfOneHeadAndOneContextOnly) {
  const std::string head = "head";
  Record record;
  record.head = as_bytes(head);
  const SharedContentKey known = key_of(1);
  EXPECT_TRUE(known->is_of(record, "context"));
  EXPECT_FALSE(known->is_of(record, "contexts"));
  EXPECT_FALSE(known->is_of(record, ""));
  for (const std::string other : {"Head", "hea", "heads", ""}) {
    record.head = as_bytes(other);
    EXPECT_FALSE(known->is_of(record, "context")) << other;
  }
}

}  // namespace
}  // namespace coffer::envelope
