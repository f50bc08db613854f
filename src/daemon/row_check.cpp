#include "row_check.h"

#include <chrono>

#include "coffer/base/log.h"

namespace coffer::daemon {
namespace {

/// Each time that it is asked whether to go on: about half of one core is left to who is served.
constexpr std::chrono::milliseconds kRest{2};
/// A snapshot of a store that is much written to may have to be taken again.
constexpr int kAttempts = 100;
constexpr std::chrono::milliseconds kPause{200};

}  // namespace

void RowCheck::begin(std::shared_ptr<core::Unsealed> vault, std::function<bool()> stays_open,
                     OnDamage on_damage) {
  end();
  if (vault->row_sums == nullptr) return;
  stop_ = false;
  thread_ = std::thread([this, vault = std::move(vault), stays_open = std::move(stays_open),
                         on_damage = std::move(on_damage)]() mutable {
    const auto go_on = [&] { return !stop_ && stays_open(); };
    const auto rest = [&] {
      std::this_thread::sleep_for(kRest);
      return go_on();
    };
    Result<void> checked;
    for (int attempt = 0; attempt < kAttempts && go_on(); ++attempt) {
      checked = vault->row_sums->check_all(rest);
      if (checked.ok() || checked.error().code != ErrorCode::conflict) break;
      std::this_thread::sleep_for(kPause);
    }
    const bool ended = !go_on();
    vault.reset();
    if (checked.ok() || ended) return;
    if (checked.error().code == ErrorCode::corrupt) return on_damage(checked.error());
    log::warn(describe(checked.error()));
  });
}

void RowCheck::end() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace coffer::daemon
