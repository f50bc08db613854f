#include "coffer/core/key_inventory.h"

#include <algorithm>

#include "key_dates.h"

namespace coffer::core {
namespace {

KeyState state_of(const KeyDates& dates, bool enrolled) {
  if (dates.destroyed) return enrolled ? KeyState::destroyed : KeyState::withdrawn;
  if (dates.compromised) return KeyState::compromised;
  return dates.deactivated ? KeyState::deactivated : KeyState::active;
}

std::string serial_of(const envelope::Keyring& keyring, const Uuid& id) {
  for (const envelope::EnrolledToken& token : keyring.tokens()) {
    if (token.id == id) return token.serial;
  }
  return {};
}

std::string path_of(const std::vector<EnginesKey>& engines, const KeyDates& dates) {
  for (const EnginesKey& key : engines) {
    if (key.mount == dates.token) return key.path;
  }
  return {};
}

/// Of the keys that engines gave up: they end a moment later, when the token has destroyed them.
/// What the token doesn't tell now is told another time.
void note_ends(pkcs11::Token& token, std::vector<KeyDates>& all, WallTime now) {
  const auto waits = [](const KeyDates& one) {
    return is_engines(one.kind) && one.deactivated && !one.destroyed;
  };
  if (std::none_of(all.begin(), all.end(), waits)) return;
  const auto listed = token.list_keys();
  if (!listed.ok() || listed->more) return;
  for (KeyDates& one : all) {
    const Bytes id = key_ref(one.kind, one.token, one.version).id;
    const bool there = std::any_of(listed->keys.begin(), listed->keys.end(),
                                   [&](const pkcs11::ListedKey& key) { return key.id == id; });
    if (waits(one) && !there) one.destroyed = now;
  }
}

void judge(InventoryKey& key, const Cryptoperiod& period, WallTime now) {
  if (key.destroyed) return;
  const bool active = key.current();
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
    case KeyState::compromised: return "compromised";
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
  COFFER_TRY(NotedDates noted, read_dates(tx));
  COFFER_TRY(const std::vector<EnginesKey> engines, engines_keys(vault, tx));
  std::vector<InventoryKey> keys;
  for (KeyDates& dates : dates_of_now(vault, engines, std::move(noted.all), now)) {
    const bool engines_own = is_engines(dates.kind);
    std::string serial = serial_of(*vault.keyring, dates.token);
    const bool enrolled = engines_own || !serial.empty();
    InventoryKey key{.kind = dates.kind,
                     .token = engines_own ? Uuid{} : dates.token,
                     .serial = std::move(serial),
                     .mount = engines_own ? dates.token : Uuid{},
                     .path = path_of(engines, dates),
                     .version = dates.version,
                     .state = state_of(dates, enrolled),
                     .activated = dates.activated,
                     .dated = dates.dated,
                     .deactivated = dates.deactivated,
                     .destroyed = dates.destroyed,
                     .compromised = dates.compromised,
                     .reason = std::move(dates.reason)};
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
    if (key.compromised && !key.destroyed) ++counts.compromised;
  }
  return counts;
}

Result<void> note_key_dates(const Unsealed& vault, envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const NotedDates noted, read_dates(tx));
  COFFER_TRY(const std::vector<EnginesKey> engines, engines_keys(vault, tx));
  NotedDates dates{dates_of_now(vault, engines, noted.all, now), noted.version};
  note_ends(*vault.token, dates.all, now);
  return dates.all == noted.all ? Result<void>() : write_dates(tx, dates);
}

Result<void> mark_compromised(const Unsealed& vault, envelope::SealedTransaction& tx,
                              const MarkedKey& key, std::string_view reason, WallTime now) {
  COFFER_TRY(NotedDates noted, read_dates(tx));
  COFFER_TRY(const std::vector<EnginesKey> engines, engines_keys(vault, tx));
  noted.all = dates_of_now(vault, engines, std::move(noted.all), now);
  const auto found = std::find_if(noted.all.begin(), noted.all.end(), [&](const KeyDates& one) {
    return one.kind == key.kind && one.token == key.owner && one.version == key.version;
  });
  if (found == noted.all.end()) return make_error(ErrorCode::not_found, "no such key");
  if (found->compromised) {
    return make_error(ErrorCode::precondition, "the key is marked as compromised already, since " +
                                                   to_rfc3339(*found->compromised));
  }
  found->compromised = now;
  found->reason = reason;
  return write_dates(tx, noted);
}

}  // namespace coffer::core
