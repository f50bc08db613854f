#include "used_steps.h"

#include <algorithm>

namespace coffer::engines::totp {

bool UsedSteps::has(std::uint64_t step) const {
  return step < all_below || std::binary_search(single.begin(), single.end(), step);
}

void UsedSteps::add(std::uint64_t step) {
  if (!has(step)) single.insert(std::upper_bound(single.begin(), single.end(), step), step);
}

void UsedSteps::forget_below(std::uint64_t oldest) {
  all_below = std::max(all_below, oldest);
  std::erase_if(single, [this](std::uint64_t step) { return step < all_below; });
}

}  // namespace coffer::engines::totp
