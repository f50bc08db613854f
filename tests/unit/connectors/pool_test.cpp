#include "src/connectors/pool.h"

#include <gtest/gtest.h>

#include <thread>

namespace coffer::connectors {
namespace {

struct FakeConnection {
  explicit FakeConnection(int n, int& all) : number(n), open(all) { ++open; }
  ~FakeConnection() { --open; }
  FakeConnection(const FakeConnection&) = delete;
  FakeConnection& operator=(const FakeConnection&) = delete;
  int number = 0;
  int& open;
  bool lives = true;
  bool clean = true;
  bool old = false;
  [[nodiscard]] bool alive() const { return lives; }
  [[nodiscard]] bool reusable() const { return clean; }
  [[nodiscard]] bool is_of_old() const noexcept { return old; }
};

struct Opener {
  int opened = 0;
  int fails_at = 0;
  int open = 0;  ///< now
  Result<std::unique_ptr<FakeConnection>> operator()() {
    if (++opened == fails_at) return make_error(ErrorCode::unavailable, "away");
    return std::make_unique<FakeConnection>(opened, open);
  }
};

using TestPool = Pool<FakeConnection>;
const auto kSoon = [] { return in(std::chrono::milliseconds(20)); };

TEST(Pool, LendsTheSameConnectionAgain) {
  Opener opener;
  TestPool pool(2, [&] { return opener(); });
  for (int i = 0; i < 3; ++i) {
    const auto lent = pool.take(kSoon());
    ASSERT_TRUE(lent.ok());
    EXPECT_EQ((*lent)->number, 1);
  }
  EXPECT_EQ(opener.opened, 1);
}

TEST(Pool, ClosesAllThatAreKeptWithOneThatIsOfOld) {
  Opener opener;
  TestPool pool(3, [&] { return opener(); });
  {
    const auto of_old = pool.take(kSoon());
    const auto kept = pool.take(kSoon());  // given back before the other
    ASSERT_TRUE(of_old.ok() && kept.ok());
    (*of_old)->clean = false;
    (*of_old)->old = true;
  }
  EXPECT_EQ(opener.open, 0);
}

TEST(Pool, RefusesWhenAllAreLent) {
  Opener opener;
  TestPool pool(1, [&] { return opener(); });
  const auto lent = pool.take(kSoon());
  const auto refused = pool.take(kSoon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST(Pool, HandsOnToWhoWaits) {
  Opener opener;
  TestPool pool(1, [&] { return opener(); });
  auto lent = std::make_unique<Result<TestPool::Lent>>(pool.take(kSoon()));
  std::thread waiting([&] {
    const auto second = pool.take(in(std::chrono::milliseconds(10000)));
    EXPECT_TRUE(second.ok());
  });
  lent.reset();
  waiting.join();
  EXPECT_EQ(opener.opened, 1);
}

/// Who waits ten seconds for a server that hangs holds up those who want another one.
TEST(Pool, NobodyWaitsLongForAServerThatHangs) {
  Opener opener;
  TestPool pool(
      1, [&] { return opener(); }, nullptr, std::chrono::milliseconds(50));
  auto lent = std::make_unique<Result<TestPool::Lent>>(pool.take(kSoon()));
  const auto an_hour = in(std::chrono::hours(1));
  const auto waited = pool.take(an_hour);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, ErrorCode::unavailable);
  EXPECT_NE(waited.error().text.find("doesn't answer"), std::string::npos);
  EXPECT_FALSE(pool.take(an_hour).ok()) << "and who comes later";
  EXPECT_TRUE(pool.room(an_hour).ok()) << "one is none of those that wait";
  lent.reset();
  EXPECT_TRUE(pool.take(an_hour).ok()) << "it answers again";
}

TEST(Pool, ReplacesDeadSpoiltAndChangedOnes) {
  Opener opener;
  TestPool pool(1, [&] { return opener(); });
  (*pool.take(kSoon()))->lives = false;
  EXPECT_EQ((*pool.take(kSoon()))->number, 2);
  (*pool.take(kSoon())).spoil();
  EXPECT_EQ((*pool.take(kSoon()))->number, 3);
  (*pool.take(kSoon()))->clean = false;
  EXPECT_EQ((*pool.take(kSoon()))->number, 4);
}

TEST(Pool, ClosesAKeptOneForALoginBesideIt) {
  Opener opener;
  TestPool pool(kMostConnections, [&] { return opener(); });
  {
    std::vector<TestPool::Lent> all;
    for (std::size_t i = 0; i < kMostConnections; ++i) all.push_back(*pool.take(kSoon()));
  }
  EXPECT_EQ(opener.open, static_cast<int>(kMostConnections));
  std::vector<TestPool::Room> rooms;
  for (std::size_t i = 1; i <= kMostConnections; ++i) {
    auto room = pool.room(kSoon());
    ASSERT_TRUE(room.ok());
    rooms.push_back(*std::move(room));
    EXPECT_EQ(opener.open + static_cast<int>(i), static_cast<int>(kMostConnections));
  }
  EXPECT_FALSE(pool.room(kSoon()).ok());
  EXPECT_FALSE(pool.take(kSoon()).ok());
  rooms.pop_back();
  EXPECT_TRUE(pool.take(kSoon()).ok());
}

TEST(Pool, HasNoRoomForALoginWhileAllAreLent) {
  Opener opener;
  TestPool pool(kMostConnections, [&] { return opener(); });
  std::vector<TestPool::Lent> all;
  for (std::size_t i = 0; i < kMostConnections; ++i) all.push_back(*pool.take(kSoon()));
  const auto refused = pool.room(kSoon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  std::thread waiting([&] { EXPECT_TRUE(pool.room(in(std::chrono::milliseconds(10000))).ok()); });
  all.pop_back();
  waiting.join();
}

TEST(Pool, LendsNoMoreThanItsOwnHoweverMuchRoomThereIs) {
  Opener opener;
  TestPool pool(1, [&] { return opener(); });
  const auto lent = pool.take(kSoon());
  EXPECT_FALSE(pool.take(kSoon()).ok());
  EXPECT_TRUE(pool.room(kSoon()).ok());
}

/// One takes the other's place while that is at work.
TEST(Pool, ThoseThatShareTheirSeatsAreNoMoreThanOneAlone) {
  Opener opener;
  const auto seats = make_seats();
  TestPool first(
      kMostConnections, [&] { return opener(); }, seats);
  TestPool second(
      kMostConnections, [&] { return opener(); }, seats);
  std::vector<TestPool::Lent> all;
  for (std::size_t i = 0; i < kMostConnections; ++i) {
    all.push_back(*(i % 2 == 0 ? second : first).take(kSoon()));
  }
  EXPECT_FALSE(first.take(kSoon()).ok());
  EXPECT_FALSE(second.take(kSoon()).ok());
  EXPECT_FALSE(second.room(kSoon()).ok());
  std::thread waiting([&] { EXPECT_TRUE(second.take(in(std::chrono::seconds(10))).ok()); });
  all.pop_back();  // the first pool's, which keeps it: it is closed for the other
  waiting.join();
  EXPECT_EQ(opener.open, static_cast<int>(kMostConnections));
}

TEST(Pool, ClosesWhatAnotherKeepsForItsOwn) {
  Opener opener;
  const auto seats = make_seats();
  TestPool first(
      kMostConnections, [&] { return opener(); }, seats);
  TestPool second(
      2, [&] { return opener(); }, seats);
  {
    std::vector<TestPool::Lent> all;
    for (std::size_t i = 0; i < kMostConnections; ++i) all.push_back(*first.take(kSoon()));
  }
  const auto lent = second.take(kSoon());
  ASSERT_TRUE(lent.ok());
  EXPECT_EQ((*lent)->number, static_cast<int>(kMostConnections) + 1) << "never another's";
  EXPECT_TRUE(second.room(kSoon()).ok());
  EXPECT_LE(opener.open, static_cast<int>(kMostConnections));
}

TEST(Pool, KeepsNoneOnceAnotherTakesItsPlace) {
  Opener opener;
  const auto seats = make_seats();
  TestPool first(
      2, [&] { return opener(); }, seats);
  TestPool second(
      1, [&] { return opener(); }, seats);
  { const auto kept = second.take(kSoon()); }
  {
    const auto at_work = first.take(kSoon());
    { const auto kept = first.take(kSoon()); }
    EXPECT_EQ(opener.open, 3);
    first.retire();
    EXPECT_EQ(opener.open, 2) << "who has one goes on, and the other pool's stays";
    EXPECT_TRUE((*at_work)->alive());
  }
  EXPECT_EQ(opener.open, 1);
  { EXPECT_TRUE(first.take(kSoon()).ok()) << "who still has the pool gets one"; }
  EXPECT_EQ(opener.open, 1);
}

TEST(Pool, GoesWithWhatItKeeps) {
  Opener opener;
  const auto seats = make_seats();
  {
    TestPool pool(
        1, [&] { return opener(); }, seats);
    { const auto kept = pool.take(kSoon()); }
    EXPECT_EQ(opener.open, 1);
  }
  EXPECT_EQ(opener.open, 0);
}

TEST(Pool, KeepsItsPlacesWhenOpeningFails) {
  Opener opener;
  opener.fails_at = 1;
  TestPool pool(1, [&] { return opener(); });
  EXPECT_FALSE(pool.take(kSoon()).ok());
  EXPECT_TRUE(pool.take(kSoon()).ok());
}

TEST(Pool, DropsAllKeptOnesWithADeadOne) {
  Opener opener;
  TestPool pool(2, [&] { return opener(); });
  {
    auto one = pool.take(kSoon());
    auto two = pool.take(kSoon());
    (*one)->lives = (*two)->lives = false;
  }
  {
    auto one = pool.take(kSoon());
    auto two = pool.take(kSoon());
    EXPECT_EQ((*one)->number, 3);
    EXPECT_EQ((*two)->number, 4);
  }
}

}  // namespace
}  // namespace coffer::connectors
