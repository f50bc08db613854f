#include "coffer/core/state.h"

namespace coffer::core {

void State::set_log_trouble(std::string reason) {
  const MutexLock lock(mutex_);
  log_trouble_ = std::move(reason);
}

std::string State::log_trouble() const {
  const MutexLock lock(mutex_);
  return log_trouble_;
}

}  // namespace coffer::core
