#include "row_check.h"

#include <algorithm>
#include <chrono>

#include "coffer/base/log.h"

namespace coffer::daemon {
namespace {

/// It rests nine times as long as it worked: who is served has the machine. A million secrets take
/// some minutes so.
constexpr int kRestTimes = 9;
constexpr std::chrono::milliseconds kLongestRest{200};
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
    auto since = std::chrono::steady_clock::now();
    const auto rest = [&] {
      const auto worked = std::chrono::steady_clock::now() - since;
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(worked * kRestTimes, kLongestRest));
      since = std::chrono::steady_clock::now();
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
