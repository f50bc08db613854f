#include "leak_seen.h"

#include <utility>

namespace coffer::cli {

bool SeenValues::add(std::size_t hash) {
  if (recent_.contains(hash)) return false;
  const bool known = before_.erase(hash) == 1;
  if (recent_.size() == most_) before_ = std::exchange(recent_, {});
  recent_.insert(hash);
  if (!known) ++count_;
  return !known;
}

}  // namespace coffer::cli
