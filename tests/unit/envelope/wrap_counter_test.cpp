#include "../../../src/envelope/wrap_counter.h"

#include <atomic>
#include <thread>

#include "world.h"

namespace coffer::envelope {
namespace {

constexpr std::uint64_t kStart = 1024;

struct Counting {
  fakes::FakeToken token;
  FaultyStore store;
  std::unique_ptr<Keyring> keyring = must(Keyring::create(token, id(1)));
  WrapLimits limits{
      .rotate_at = kStart + 100, .refuse_at = kStart + 200, .first_block = 8, .largest_block = 32};
  store::Key key = wrap_counter_row_key(1);

  Result<std::unique_ptr<WrapCounter>> open() { return WrapCounter::open(*keyring, store, limits); }

  void overwrite(const store::Key& at, std::optional<std::string> value) {
    store::Transaction transaction;
    transaction.writes.push_back({at, std::move(value)});
    must(store.commit({&transaction, 1}));
  }
  std::string raw() { return must(must(store.snapshot())->get(key))->value; }
};

TEST(WrapCounter, CountsEachWrap) {
  Counting counting;
  const auto counter = must(counting.open());
  EXPECT_EQ(counter->wraps(), kStart);
  for (std::uint64_t i = 1; i <= 50; ++i) {
    must(counter->count());
    EXPECT_EQ(counter->wraps(), kStart + i);
  }
}

TEST(WrapCounter, ReservesBeforeTheFirstWrapAndInGrowingBlocks) {
  Counting counting;
  counting.limits.refuse_at = counting.limits.rotate_at = 1U << 20U;
  counting.limits.largest_block = 1U << 16U;
  const auto counter = must(counting.open());
  EXPECT_EQ(counting.store.commits, 1U);
  for (int i = 0; i < 10000; ++i) must(counter->count());
  EXPECT_LE(counting.store.commits, 14U);  // 8 + 16 + … + 2^15
}

TEST(WrapCounter, ARestartNeverCountsLess) {
  Counting counting;
  std::uint64_t before = 0;
  for (int restart = 0; restart < 5; ++restart) {
    const auto counter = must(counting.open());
    EXPECT_GE(counter->wraps(), before);
    for (int i = 0; i < 11; ++i) must(counter->count());
    before = counter->wraps();
  }
  EXPECT_GE(before, kStart + 55);
}

TEST(WrapCounter, ARestartLosesNoMoreThanASmallBlock) {
  Counting counting;
  const std::uint64_t first = must(counting.open())->wraps();
  const std::uint64_t second = must(counting.open())->wraps();
  EXPECT_EQ(second - first, counting.limits.first_block);
}

TEST(WrapCounter, SaysWhenARotationIsDueAndRefusesAtTheLimit) {
  Counting counting;
  const auto counter = must(counting.open());
  for (std::uint64_t i = 0; i < 200; ++i) {
    EXPECT_EQ(counter->rotation_due(), i >= 100) << i;
    must(counter->count());
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code_of(counter->count()), ErrorCode::resource_exhausted);
  EXPECT_EQ(counter->wraps(), kStart + 200);
}

TEST(WrapCounter, AUsedUpKeyStillOpensTheStore) {
  Counting counting;
  {
    const auto counter = must(counting.open());
    for (std::uint64_t i = 0; i < 200; ++i) must(counter->count());
  }
  const auto counter = must(counting.open());
  ASSERT_NE(counter, nullptr);
  EXPECT_EQ(code_of(counter->count()), ErrorCode::resource_exhausted);
}

TEST(WrapCounter, DefaultsAreThoseOfTheDesign) {
  const WrapLimits limits;
  EXPECT_EQ(limits.rotate_at, 1073741824U);
  EXPECT_EQ(limits.refuse_at, 2147483648U);
  EXPECT_EQ(limits.largest_block, 1048576U);
}

TEST(WrapCounter, EveryFlippedByteOfItsRowIsCorrupt) {
  Counting counting;
  must(counting.open());
  std::string row = counting.raw();
  for (std::size_t at = 0; at < row.size(); ++at) {
    row[at] ^= 1;
    counting.overwrite(counting.key, row);
    EXPECT_EQ(code_of(counting.open()), ErrorCode::corrupt) << at;
    row[at] ^= 1;
  }
}

TEST(WrapCounter, AMissingRowInAStoreThatHoldsRowsIsCorrupt) {
  Counting counting;
  must(counting.open());
  counting.overwrite(counting.key, std::nullopt);
  counting.overwrite(keyring_row_key(), "rows with a key in clear don't count");
  EXPECT_TRUE(counting.open().ok());
  counting.overwrite(counting.key, std::nullopt);
  counting.overwrite(std::string(32, 'k'), "a row");
  EXPECT_EQ(code_of(counting.open()), ErrorCode::corrupt);
}

TEST(WrapCounter, NoticesWhileItRunsThatItWasTurnedBack) {
  Counting counting;
  const auto counter = must(counting.open());
  const std::string old = counting.raw();
  for (int i = 0; i < 20; ++i) must(counter->count());
  counting.overwrite(counting.key, old);
  Result<void> counted;
  for (int i = 0; i < 100 && counted.ok(); ++i) counted = counter->count();
  EXPECT_EQ(code_of(counted), ErrorCode::corrupt);
}

TEST(WrapCounter, TheRowOfAnotherVersionIsNoCount) {
  Counting counting;
  must(counting.open());
  const std::string of_version_one = counting.raw();
  EXPECT_NE(wrap_counter_row_key(1), wrap_counter_row_key(2));
  counting.overwrite(counting.key, std::nullopt);
  const auto other = must(Keyring::create(counting.token, id(2)));
  counting.overwrite(counting.key, of_version_one);
  EXPECT_EQ(code_of(WrapCounter::open(*other, counting.store, counting.limits)),
            ErrorCode::corrupt);
}

TEST(WrapCounter, AStoreThatCantCommitStopsItOnlyWhenTheBlockIsUsedUp) {
  Counting counting;
  const auto counter = must(counting.open());
  counting.store.fail_commit = make_error(ErrorCode::unavailable, "disk full");
  for (std::uint64_t i = 0; i < counting.limits.first_block; ++i) must(counter->count());
  EXPECT_EQ(code_of(counter->count()), ErrorCode::unavailable);
  EXPECT_EQ(counter->wraps(), kStart + counting.limits.first_block);
  counting.store.fail_commit.reset();
  must(counter->count());
  EXPECT_EQ(counter->wraps(), kStart + counting.limits.first_block + 1);
}

TEST(WrapCounter, DoesntOpenWithoutAReservation) {
  Counting counting;
  counting.store.fail_commit = make_error(ErrorCode::unavailable, "disk full");
  EXPECT_EQ(code_of(counting.open()), ErrorCode::unavailable);
}

TEST(WrapCounter, TriesAgainWhenTheSnapshotWasOvertaken) {
  Counting counting;
  counting.store.fail_get = make_error(ErrorCode::conflict, "the store moved on");
  EXPECT_TRUE(counting.open().ok());
}

TEST(WrapCounter, TwoOfThemNeverShareANumber) {
  // As two nodes over one store would: the second reserves while the first is about to commit.
  Counting counting;
  std::unique_ptr<WrapCounter> second;
  counting.store.before_commit = [&] { second = must(counting.open()); };
  const auto first = must(counting.open());
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->wraps(), kStart);
  EXPECT_EQ(first->wraps(), kStart + counting.limits.first_block);
}

TEST(WrapCounter, ThreadsGetEachANumberOfTheirOwn) {
  Counting counting;
  counting.limits.refuse_at = kStart + 4000;
  const auto counter = must(counting.open());
  std::atomic<int> counted{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1100; ++i) counter->count().ok() ? ++counted : ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counted, 4000);
  EXPECT_EQ(refused, 400);
}

}  // namespace
}  // namespace coffer::envelope
