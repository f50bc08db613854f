#include "coffer/core/key_inventory.h"

#include <algorithm>

#include "key_dates.h"

namespace coffer::core {
namespace {

KeyState state_of(const KeyDates& dates, bool enrolled) {
  if (dates.destroyed) return enrolled ? KeyState::destroyed : KeyState::withdrawn;
  return dates.deactivated ? KeyState::deactivated : KeyState::active;
}

std::string serial_of(const envelope::Keyring& keyring, const Uuid& id) {
  for (const envelope::EnrolledToken& token : keyring.tokens()) {
    if (token.id == id) return token.serial;
  }
  return {};
}

void judge(InventoryKey& key, const Cryptoperiod& period, WallTime now) {
  if (key.destroyed) return;
  const bool active = key.state == KeyState::active;
  const std::chrono::seconds length = active ? period.originator : period.recipient;
  if (length.count() == 0) return;
  key.ends = (active ? key.activated : *key.deactivated) + length;
  key.period = now >= *key.ends                 ? PeriodState::over
               : now >= *key.ends - period.warn ? PeriodState::ending
                                                : PeriodState::fine;
}

}  // namespace

std::string_view to_string(KeyState state) noexcept {
  switch (state) {
    case KeyState::active: return "active";
    case KeyState::deactivated: return "deactivated";
    case KeyState::withdrawn: return "withdrawn";
    case KeyState::destroyed: break;
  }
  return "destroyed";
}

std::string_view to_string(PeriodState state) noexcept {
  switch (state) {
    case PeriodState::unlimited: return "unlimited";
    case PeriodState::fine: return "fine";
    case PeriodState::ending: return "ending";
    case PeriodState::over: break;
  }
  return "over";
}

Result<std::vector<InventoryKey>> key_inventory(const Unsealed& vault,
                                                envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const Cryptoperiods periods, Cryptoperiods::read(tx));
  COFFER_TRY(std::vector<KeyDates> noted, read_dates(tx));
  std::vector<InventoryKey> keys;
  for (const KeyDates& dates : dates_of_now(vault, std::move(noted), now)) {
    std::string serial = serial_of(*vault.keyring, dates.token);
    const bool enrolled = !serial.empty();
    InventoryKey key{.kind = dates.kind,
                     .token = dates.token,
                     .serial = std::move(serial),
                     .version = dates.version,
                     .state = state_of(dates, enrolled),
                     .activated = dates.activated,
                     .dated = dates.dated,
                     .deactivated = dates.deactivated,
                     .destroyed = dates.destroyed};
    judge(key, periods.of(key.kind), now);
    keys.push_back(std::move(key));
  }
  return keys;
}

PeriodCounts count_periods(const std::vector<InventoryKey>& keys) noexcept {
  PeriodCounts counts;
  for (const InventoryKey& key : keys) {
    if (key.period == PeriodState::ending) ++counts.ending;
    if (key.period == PeriodState::over) ++counts.over;
  }
  return counts;
}

Result<void> note_key_dates(const Unsealed& vault, envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const std::vector<KeyDates> noted, read_dates(tx));
  const std::vector<KeyDates> dates = dates_of_now(vault, noted, now);
  return dates == noted ? Result<void>() : write_dates(tx, dates);
}

}  // namespace coffer::core
