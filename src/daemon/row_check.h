// Looks over all rows of the store while the vault serves: a million of them take longer than a
// start may.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "coffer/core/unsealed.h"

namespace coffer::daemon {

/// One check at a time, on a thread of its own that rests most of the time.
class RowCheck final {
 public:
  /// What to do where the rows aren't as the vault left them; on the check's thread.
  using OnDamage = std::function<void(const Error&)>;
  RowCheck() = default;
  /// Ends it.
  ~RowCheck() { end(); }
  RowCheck(const RowCheck&) = delete;
  RowCheck& operator=(const RowCheck&) = delete;

  /// Ends the one before. `stays_open`: asked all the time; false ends the check, so that a sealed
  /// vault isn't held open by it. Not to be called by two threads at once, nor from `on_damage`.
  void begin(std::shared_ptr<core::Unsealed> vault, std::function<bool()> stays_open,
             OnDamage on_damage);
  void end();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace coffer::daemon
