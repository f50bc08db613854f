#include "coffer/core/rotation.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/base/log.h"
#include "coffer/core/key_inventory.h"
#include "coffer/core/leak_job.h"
#include "coffer/core/rewrap.h"
#include "rewrap_row.h"

namespace coffer::core {
namespace {

constexpr std::string_view kKind = "rotate_kek";
constexpr std::string_view kId = "auto";
constexpr std::uint8_t kFormat = 1;
/// At 30,000 wraps a second it is ten hours from the count at which a rotation is due to the one at
/// which nothing is sealed any more.
constexpr std::chrono::hours kLook{1};

envelope::RowName config_row() { return {kSettingsSpace, {}, "rotation"}; }
envelope::RowName look_row() { return {kKeyWorkSpace, {}, "rotation"}; }

Result<WallTime> read_look(envelope::SealedTransaction& tx) {
  COFFER_TRY(const auto row, tx.read(look_row()));
  if (!row) return WallTime{};
  Reader in(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  COFFER_TRY(const std::uint64_t next, in.u64());
  COFFER_CHECK(in.finish());
  if (format != kFormat)
    return make_error(ErrorCode::corrupt, "unknown format of a rotation's row");
  return WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(next)));
}

/// The row that stands for it is told by its time: of several, the latest goes on.
Result<void> look_at(envelope::SealedTransaction& tx, WallTime when, WallTime now) {
  Writer out;
  out.u8(kFormat).u64(static_cast<std::uint64_t>(when.time_since_epoch().count()));
  COFFER_CHECK(tx.write(look_row(), as_text(out.view()), envelope::Expect::anything()));
  return lifecycle::schedule(tx, kKind, kId, when, now);
}

Result<void> rotate_by_itself(Unsealed& vault, KeyKind kind, WallTime now) {
  COFFER_TRY(const std::uint32_t version, rotate_key(vault, kind, now));
  log::info(std::string(name_of(kind)).append(" has had its time: version ") +
            std::to_string(version) + " is current");
  if (const auto told = keys_changed(vault); !told.ok()) log::warn(describe(told.error()));
  return {};
}

/// Whether its usage period ends before the next look, and is to be kept. What is elsewhere or old
/// can't be rotated.
bool must_rotate(const Unsealed& vault, const InventoryKey& key, const Cryptoperiods& periods,
                 WallTime now) {
  const bool ours = key.token == Uuid{} || key.token == vault.keyring->token().id;
  return ours && key.current() && periods.of(key.kind).enforce && key.ends &&
         now + kLook >= *key.ends;
}

/// Each is a change of its own, and what fails waits for the next look: all are tried all the same.
Result<void> enforce(Unsealed& vault, envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const Cryptoperiods periods, Cryptoperiods::read(tx));
  COFFER_TRY(const std::vector<InventoryKey> keys, key_inventory(vault, tx, now));
  Result<void> outcome;
  for (const InventoryKey& key : keys) {
    if (!must_rotate(vault, key, periods, now)) continue;
    Result<void> done = rotate_by_itself(vault, key.kind, now);
    if (!done.ok()) outcome = std::move(done);
  }
  return outcome;
}

Result<void> look(Unsealed& vault, envelope::SealedTransaction& tx, const lifecycle::Due& due,
                  WallTime now) {
  COFFER_TRY(const WallTime next, read_look(tx));
  if (due.when < next) return {};
  COFFER_TRY(const RotationConfig config, rotation_config(tx));
  // One that fails keeps no other kind of key from its own.
  Result<void> rotated;
  if (rotation_due(config, vault, now)) rotated = rotate_by_itself(vault, KeyKind::kek, now);
  COFFER_CHECK(note_key_dates(vault, tx, now));
  COFFER_CHECK(enforce(vault, tx, now));
  COFFER_CHECK(std::move(rotated));
  return look_at(tx, now + kLook, now);
}

}  // namespace

Result<RotationConfig> rotation_config(envelope::SealedTransaction& tx) {
  RotationConfig config;
  COFFER_TRY(const auto row, tx.read(config_row()));
  if (!row) return config;
  Reader in(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  COFFER_TRY(const std::uint8_t enabled, in.u8());
  COFFER_TRY(config.max_operations, in.u64());
  COFFER_TRY(const std::uint64_t interval, in.u64());
  COFFER_TRY(config.rewrap_rate, in.u32());
  COFFER_CHECK(in.finish());
  if (format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of the rotation's configuration");
  }
  config.enabled = enabled != 0;
  config.interval = std::chrono::seconds(static_cast<std::int64_t>(interval));
  return config;
}

Result<void> write_rotation_config(envelope::SealedTransaction& tx, const RotationConfig& config,
                                   WallTime now) {
  Writer out;
  out.u8(kFormat).u8(config.enabled ? 1 : 0).u64(config.max_operations);
  out.u64(static_cast<std::uint64_t>(config.interval.count())).u32(config.rewrap_rate);
  COFFER_CHECK(tx.write(config_row(), as_text(out.view()), envelope::Expect::anything()));
  return look_at(tx, now, now);
}

bool rotation_due(const RotationConfig& config, const Unsealed& vault, WallTime now) {
  if (!config.enabled) return false;
  if (vault.sealed_store->wraps() >= config.max_operations) return true;
  const WallTime installed = vault.keyring->token().kek_installed;
  // Of a keyring that never said when, the age isn't known; its next rotation tells.
  const bool known = installed != WallTime{};
  return known && config.interval.count() > 0 && now - installed >= config.interval;
}

Result<void> watch_rotation(envelope::SealedTransaction& tx, WallTime now) {
  COFFER_TRY(const WallTime next, read_look(tx));
  // A later one is of a clock that stood ahead: until then no key would be looked at.
  if (next != WallTime{} && next <= now + kLook) return {};
  return look_at(tx, now + kLook, now);
}

void register_rotation(Unsealed& vault) {
  vault.due_handlers.add(
      std::string(kKind),
      [&vault](envelope::SealedTransaction& tx, const lifecycle::Due& due, WallTime now) {
        return look(vault, tx, due, now);
      },
      lifecycle::Effects::outside);
}

Result<std::uint32_t> rotate_key(Unsealed& vault, KeyKind kind, WallTime now) {
  envelope::KeyChanges& changes = vault.sealed_store->key_changes();
  if (kind == KeyKind::kek) return changes.rotate_kek(now);
  if (kind == KeyKind::sign) {
    if (vault.before_new_signer) vault.before_new_signer();
    return changes.rotate_sign(now);
  }
  const auto name = keyring_name(kind);
  if (!name) return make_error(ErrorCode::unsupported, "its engine alone makes this key anew");
  COFFER_TRY(const std::uint32_t version, changes.rotate(*name, now));
  if (kind == KeyKind::audit) COFFER_CHECK(renew_hasher(vault));
  return version;
}

Result<void> look_at_keys(envelope::SealedTransaction& tx, WallTime now) {
  return look_at(tx, now, now);
}

Result<void> keys_changed(Unsealed& vault) {
  vault.key_work = true;
  return vault.on_new_keys ? vault.on_new_keys(vault) : Result<void>();
}

Result<void> resume_key_work(const Unsealed& vault, envelope::SealedTransaction& tx, WallTime now) {
  COFFER_CHECK(watch_rotation(tx, now));
  COFFER_CHECK(note_key_dates(vault, tx, now));
  COFFER_CHECK(resume_leak_job(tx, now));
  return resume_rewrap(vault, tx, now);
}

}  // namespace coffer::core
