#include "coffer/core/state.h"

#include <utility>

#include "coffer/core/unsealed.h"

namespace coffer::core {

std::optional<Uuid> State::vault() const {
  const MutexLock lock(mutex_);
  return vault_;
}

void State::set_vault(const Uuid& vault) {
  const MutexLock lock(mutex_);
  vault_ = vault;
}

std::shared_ptr<Unsealed> State::unsealed() const {
  const MutexLock lock(mutex_);
  return unsealed_;
}

void State::unseal(std::shared_ptr<Unsealed> opened) {
  const MutexLock lock(mutex_);
  unsealed_ = std::move(opened);
}

std::shared_ptr<Unsealed> State::seal() {
  // Not let go under the lock: that may wipe keys and log out.
  const MutexLock lock(mutex_);
  return std::exchange(unsealed_, nullptr);
}

void State::set_log_trouble(std::string reason) {
  const MutexLock lock(mutex_);
  log_trouble_ = std::move(reason);
}

std::string State::log_trouble() const {
  const MutexLock lock(mutex_);
  return log_trouble_;
}

}  // namespace coffer::core
