// Remembered row keys: the same as worked out ones, whatever was asked before.
#include "../../../src/envelope/row_places.h"

#include <thread>

#include "world.h"

namespace coffer::envelope {
namespace {

struct Places : World {
  RowPlaces places{*keyring};

  void expect_right(const RowName& row) {
    EXPECT_EQ(must(places.of(row)), must(row_key(*keyring, row)));
    EXPECT_EQ(must(places.under(row.space, row.parent)),
              must(row_prefix(*keyring, row.space, row.parent)));
  }
};

RowName numbered(std::size_t number) {
  return {{id(3), 1}, "folder/", "name-" + std::to_string(number)};
}

TEST(RowPlaces, AreThoseOfTheFormat) {
  Places world;
  for (int round = 0; round < 3; ++round) {
    world.expect_right({{id(3), 1}, "a/b/", "c"});
    world.expect_right({{id(3), 1}, "", "c"});
    world.expect_right({{id(3), 1}, "a/b/", ""});
  }
}

// What is remembered is asked for by the bytes that the HMAC is made of, so names that differ in
// any part, or only in where one part ends, never meet.
TEST(RowPlaces, NamesThatDifferInOnePartAreTold) {
  Places world;
  for (int round = 0; round < 2; ++round) {
    for (const RowName& row : std::initializer_list<RowName>{{{id(3), 1}, "a/", "b"},
                                                             {{id(4), 1}, "a/", "b"},
                                                             {{id(3), 2}, "a/", "b"},
                                                             {{id(3), 1}, "a/b", ""},
                                                             {{id(3), 1}, "", "a/b"},
                                                             {{id(3), 1}, "a", "/b"},
                                                             {{id(3), 1}, "b", "a/"}}) {
      world.expect_right(row);
    }
  }
}

TEST(RowPlaces, AParentIsNotTakenForTheRowWithoutAName) {
  Places world;
  const Space space{id(3), 1};
  EXPECT_EQ(must(world.places.under(space, "a/")).size(), kRowKeyHalf);
  EXPECT_EQ(must(world.places.of({space, "a/", ""})).size(), 2 * kRowKeyHalf);
  EXPECT_EQ(must(world.places.under(space, "a/")).size(), kRowKeyHalf);
}

TEST(RowPlaces, StayRightWhenManyMoreAreAskedForThanAreKept) {
  Places world;
  for (std::size_t i = 0; i < 3 * RowPlaces::kSets; ++i) must(world.places.of(numbered(i)));
  for (std::size_t i = 0; i < 3 * RowPlaces::kSets; i += 97) world.expect_right(numbered(i));
}

TEST(RowPlaces, LongNamesAreWorkedOutEachTime) {
  Places world;
  for (const std::size_t size : {200U, 255U, 256U, 300U, 5000U}) {
    for (int round = 0; round < 2; ++round) {
      world.expect_right({{id(3), 1}, "a/", std::string(size, 'x')});
      world.expect_right({{id(3), 1}, std::string(size, 'x') + "/", "a"});
    }
  }
}

TEST(RowPlaces, AreRightAfterAPurge) {
  Places world;
  world.expect_right(numbered(1));
  world.places.purge();
  world.expect_right(numbered(1));
}

TEST(RowPlaces, OfAnotherVaultAreOthers) {
  Places first;
  Places second;
  EXPECT_NE(must(first.places.of(numbered(1))), must(second.places.of(numbered(1))));
}

TEST(RowPlaces, ManyThreadsAskAtOnce) {
  Places world;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&world, thread] {
      for (std::size_t i = 0; i < 500; ++i) {
        const RowName row = numbered((i * (thread + 1)) % 50);
        EXPECT_EQ(must(world.places.of(row)), must(row_key(*world.keyring, row)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace coffer::envelope
