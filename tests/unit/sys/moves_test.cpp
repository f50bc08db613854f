// What moves of mounts say about paths of before.
#include "src/sys/moves.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace coffer::sys {
namespace {

constexpr WallTime kStart{std::chrono::hours(500'000)};
WallTime at(int hours) { return kStart + std::chrono::hours(hours); }
std::string told(int hours) { return to_rfc3339(at(hours)); }

Uuid uuid(std::uint8_t number) {
  Uuid id;
  id.bytes.fill(number);
  return id;
}

/// Mounts by their paths, numbered from 1.
Moves moves(std::vector<Move> all, const std::vector<std::string>& mounts) {
  std::vector<core::MountTable::Entry> entries;
  for (const std::string& path : mounts) {
    core::MountTable::Entry entry;
    entry.mount.uuid = uuid(static_cast<std::uint8_t>(entries.size() + 1));
    entry.mount.path = path;
    entries.push_back(std::move(entry));
  }
  return {std::move(all), std::make_shared<core::MountTable>(std::move(entries))};
}

bool holds(const std::vector<FormerPath>& paths, const std::string& path, int hours) {
  return std::any_of(paths.begin(), paths.end(), [&](const FormerPath& one) {
    return one.path == path && one.held_at(told(hours));
  });
}

TEST(Moves, WhatWasNeverMovedHasItsPathForEver) {
  const auto paths = moves({}, {"a/"}).paths_of("a/data/x");
  ASSERT_EQ(paths.size(), 1U);
  EXPECT_TRUE(holds(paths, "a/data/x", 0));
  EXPECT_EQ(moves({}, {"a/"}).today("a/data/x", told(0)), "a/data/x");
}

/// a to b at 10, b to c at 20; another mount came to a at 12, and from there to d at 30.
Moves two_mounts() {
  return moves({{"b/", "c/", uuid(1), at(20)},
                {"a/", "b/", uuid(1), at(10)},
                {"a/", "d/", uuid(2), at(30)},
                {"z/", "a/", uuid(2), at(12)}},
               {"c/", "d/"});
}

TEST(Moves, EachPathCountsAsLongAsItWasHad) {
  const auto paths = two_mounts().paths_of("c/data/x");
  EXPECT_TRUE(holds(paths, "a/data/x", 9));
  EXPECT_FALSE(holds(paths, "a/data/x", 11));
  EXPECT_FALSE(holds(paths, "a/data/x", 25)) << "another mount's by then";
  EXPECT_TRUE(holds(paths, "b/data/x", 15));
  EXPECT_FALSE(holds(paths, "b/data/x", 21));
  EXPECT_TRUE(holds(paths, "c/data/x", 21));
  EXPECT_FALSE(holds(paths, "c/data/x", 15));
  EXPECT_FALSE(holds(paths, "z/data/x", 9));
  EXPECT_TRUE(holds(two_mounts().paths_of("d/data/x"), "a/data/x", 25));
}

TEST(Moves, WhatWasAtAPathThenIsElsewhereToday) {
  EXPECT_EQ(two_mounts().today("a/data/x", told(9)), "c/data/x");
  EXPECT_EQ(two_mounts().today("b/data/x", told(15)), "c/data/x");
  EXPECT_EQ(two_mounts().today("a/data/x", told(25)), "d/data/x");
  EXPECT_EQ(two_mounts().today("c/data/x", told(25)), "c/data/x");
  EXPECT_EQ(two_mounts().today("other/x", told(0)), "other/x");
}

TEST(Moves, ThereAndBackIsNoMove) {
  const Moves both = moves({{"a/", "b/", uuid(1), at(10)}, {"b/", "a/", uuid(1), at(20)}}, {"a/"});
  EXPECT_EQ(both.today("a/x", told(5)), "a/x");
  EXPECT_TRUE(holds(both.paths_of("a/x"), "a/x", 5));
  EXPECT_FALSE(holds(both.paths_of("a/x"), "a/x", 15));
  EXPECT_TRUE(holds(both.paths_of("a/x"), "b/x", 15));
}

TEST(Moves, OfAnUnknownTimeAllThatFitCount) {
  const Moves old = moves({{"b/", "c/"}, {"a/", "b/"}, {"c/", "a/"}}, {"c/"});
  for (const char* const path : {"a/x", "b/x", "c/x"}) {
    EXPECT_TRUE(holds(old.paths_of("c/x"), path, 0)) << path;
  }
  const Moves one = moves({{"a/", "b/"}}, {"b/"});
  EXPECT_EQ(one.today("a/x", told(0)), "b/x");
  EXPECT_EQ(moves({{"a/", "b/"}}, {"a/", "b/"}).today("a/x", told(0)), "a/x")
      << "another mount is there";
}

}  // namespace
}  // namespace coffer::sys
