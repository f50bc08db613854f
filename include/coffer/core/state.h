// What the vault as a whole knows of itself: who it is, and what is wrong with it right now.
#pragma once

#include <string>

#include "coffer/base/mutex.h"
#include "coffer/base/uuid.h"

namespace coffer::core {

/// Thread-safe.
class State final {
 public:
  explicit State(const Uuid& vault) : vault_(vault) {}

  [[nodiscard]] const Uuid& vault() const noexcept { return vault_; }

  /// The reason why the audit log can't be written; empty: it can. Set by the Door alone.
  void set_log_trouble(std::string reason) COFFER_EXCLUDES(mutex_);
  [[nodiscard]] std::string log_trouble() const COFFER_EXCLUDES(mutex_);

 private:
  const Uuid vault_;
  mutable Mutex mutex_;
  std::string log_trouble_ COFFER_GUARDED_BY(mutex_);
};

}  // namespace coffer::core
