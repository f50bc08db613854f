// Each value once, with a bound for how many are known.
#include "src/cli/leak_seen.h"

#include <gtest/gtest.h>

namespace coffer::cli {
namespace {

TEST(SeenValues, AValueIsNewOnce) {
  SeenValues seen;
  EXPECT_TRUE(seen.add(1));
  EXPECT_TRUE(seen.add(2));
  EXPECT_FALSE(seen.add(1));
  EXPECT_EQ(seen.count(), 2U);
}

TEST(SeenValues, TheLastOnesAreKnownAndOldOnesForgotten) {
  SeenValues seen(10);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_TRUE(seen.add(i));
  for (std::size_t i = 90; i < 100; ++i) EXPECT_FALSE(seen.add(i)) << i;
  EXPECT_TRUE(seen.add(0));
  EXPECT_EQ(seen.count(), 101U);
}

TEST(SeenValues, WhatComesAgainAndAgainIsNotForgotten) {
  SeenValues seen(10);
  EXPECT_TRUE(seen.add(1000));
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(seen.add(i));
    EXPECT_FALSE(seen.add(1000)) << i;
  }
}

}  // namespace
}  // namespace coffer::cli
