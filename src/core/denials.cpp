#include "coffer/core/denials.h"

#include <algorithm>

namespace coffer::core {

void Denials::add(Denial denial) {
  const MutexLock lock(mutex_);
  if (kept_.size() >= kKept) kept_.pop_front();
  kept_.push_back(std::move(denial));
}

std::optional<Denial> Denials::find(const Uuid& id) const {
  const MutexLock lock(mutex_);
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                  [&](const Denial& denial) { return denial.id == id; });
  return found == kept_.rend() ? std::nullopt : std::optional<Denial>(*found);
}

}  // namespace coffer::core
