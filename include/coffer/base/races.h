// Lost races for a row of the store: how often one is run again, and how soon.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace coffer {

/// A lost race is someone's progress, so more than this many in a row are someone's fault.
inline constexpr int kMostRaces = 64;

/// Between a lost race, from 0, and the next try. Mostly the winner is through by then. But one
/// that was interrupted between its commit and the moment when others can read it makes everybody
/// lose for as long as that lasts: milliseconds on a busy machine, in which 64 tries are made
/// easily.
inline void wait_after_race(int race) {
  constexpr int kAtOnce = 4;
  constexpr int kLongest = 10;
  if (race < kAtOnce) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(race - kAtOnce + 1, kLongest)));
}

}  // namespace coffer
