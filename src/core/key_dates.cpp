#include "key_dates.h"

#include <algorithm>
#include <tuple>

#include "coffer/base/codec.h"
#include "rewrap_row.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 2;
constexpr std::uint8_t kUnmarked = 1;  ///< of before keys could be marked
/// Of keys that are destroyed and weren't marked; the oldest go first.
constexpr std::size_t kMostDestroyed = 512;

envelope::RowName dates_row() { return {kKeyWorkSpace, {}, "dates"}; }

std::uint64_t count_of(const std::optional<WallTime>& time) {
  return time ? static_cast<std::uint64_t>(time->time_since_epoch().count()) : 0;
}

Result<std::optional<WallTime>> read_time(Reader& in) {
  COFFER_TRY(const std::uint64_t count, in.u64());
  if (count == 0) return std::optional<WallTime>();
  return std::optional(WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(count))));
}

Result<KeyDates> read_one(Reader& in, std::uint8_t format) {
  KeyDates one;
  COFFER_TRY(const std::uint8_t kind, in.u8());
  if (kind < 1 || kind > kKeyKinds.size()) {
    return make_error(ErrorCode::corrupt, "dates of an unknown kind of key");
  }
  one.kind = static_cast<KeyKind>(kind);
  COFFER_TRY(const ByteView token, in.raw(one.token.bytes.size()));
  std::copy(token.begin(), token.end(), one.token.bytes.begin());
  COFFER_TRY(one.version, in.u32());
  COFFER_TRY(const std::optional<WallTime> activated, read_time(in));
  one.activated = activated.value_or(WallTime{});
  COFFER_TRY(const std::uint8_t dated, in.u8());
  one.dated = dated != 0;
  COFFER_TRY(one.deactivated, read_time(in));
  COFFER_TRY(one.destroyed, read_time(in));
  if (format == kUnmarked) return one;
  COFFER_TRY(one.compromised, read_time(in));
  COFFER_TRY(const ByteView reason, in.blob());
  one.reason = std::string(as_text(reason));
  return one;
}

/// As keyring and engines tell.
struct Present {
  KeyKind kind{};
  Uuid token{};
  std::uint32_t version = 0;
  bool current = true;
  WallTime made{};  ///< zero: they don't
};

void add_token(std::vector<Present>& all, const envelope::EnrolledToken& token) {
  for (const std::uint32_t old : token.old_keks) {
    all.push_back({KeyKind::kek, token.id, old, false});
  }
  all.push_back({KeyKind::kek, token.id, token.kek_version});
  for (std::uint32_t version = 1; version <= token.sign_version; ++version) {
    all.push_back({KeyKind::sign, token.id, version, version == token.sign_version});
  }
}

/// No version of a key of the keyring ever leaves it.
std::vector<Present> present_keys(const envelope::Keyring& keyring,
                                  const std::vector<EnginesKey>& engines) {
  std::vector<Present> all;
  for (const envelope::EnrolledToken& token : keyring.tokens()) add_token(all, token);
  for (const KeyKind kind : kKeyKinds) {
    const auto name = keyring_name(kind);
    if (!name) continue;
    const std::uint32_t current = keyring.current_version(*name);
    for (std::uint32_t version = 1; version <= current; ++version) {
      all.push_back({kind, {}, version, version == current});
    }
  }
  for (const EnginesKey& key : engines) {
    all.push_back({key.kind, key.mount, key.version, true, key.made});
  }
  return all;
}

std::optional<WallTime> sign_announced(const envelope::Keyring& keyring,
                                       const envelope::EnrolledToken& token,
                                       std::uint32_t version) {
  for (const envelope::Announcement& told : keyring.announcements()) {
    if (told.serial == token.serial && told.version == version) return told.time;
  }
  return std::nullopt;
}

/// The one that the vault was made with: every further one was announced when it was enrolled.
bool is_original(const envelope::Keyring& keyring, const envelope::EnrolledToken& token) {
  const auto& told = keyring.announcements();
  return keyring.tokens().front().id == token.id &&
         std::none_of(told.begin(), told.end(), [&](const envelope::Announcement& one) {
           return one.to == token.sign_public_key;
         });
}

/// What the keyring itself knows of when a key was made. The first versions of all were made with
/// the first kek.
std::optional<WallTime> made_at(const envelope::Keyring& keyring, const Present& key) {
  if (is_engines(key.kind)) return key.made == WallTime{} ? std::nullopt : std::optional(key.made);
  for (const envelope::EnrolledToken& token : keyring.tokens()) {
    if (key.token != Uuid{} && token.id != key.token) continue;
    const bool first = key.version == 1 && token.kek_version == 1 && is_original(keyring, token);
    const bool current = key.kind == KeyKind::kek && key.version == token.kek_version;
    if ((first || current) && token.kek_installed != WallTime{}) return token.kek_installed;
    if (key.kind == KeyKind::sign) return sign_announced(keyring, token, key.version);
  }
  return std::nullopt;
}

/// Of a vault whose dates are kept already, what is new is new since the last look, which follows
/// each change at once.
KeyDates first_dates(const envelope::Keyring& keyring, const Present& key, bool kept,
                     WallTime now) {
  const auto made = made_at(keyring, key);
  return {.kind = key.kind,
          .token = key.token,
          .version = key.version,
          .activated = made.value_or(now),
          .dated = made.has_value() || (kept && !is_engines(key.kind))};
}

bool is_spent(const KeyDates& one) { return one.destroyed && !one.compromised; }

void forget_oldest(std::vector<KeyDates>& all) {
  auto destroyed = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_spent));
  while (destroyed-- > kMostDestroyed) {
    all.erase(std::find_if(all.begin(), all.end(), is_spent));
  }
}

}  // namespace

Result<NotedDates> read_dates(envelope::SealedTransaction& tx) {
  NotedDates noted;
  COFFER_TRY(const auto row, tx.read(dates_row()));
  if (!row) return noted;
  noted.version = row->version;
  Reader in(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat && format != kUnmarked) {
    return make_error(ErrorCode::corrupt, "unknown format of the keys' dates");
  }
  COFFER_TRY(const std::uint32_t count, in.u32());
  for (std::uint32_t i = 0; i < count; ++i) {
    COFFER_TRY(KeyDates one, read_one(in, format));
    noted.all.push_back(std::move(one));
  }
  COFFER_CHECK(in.finish());
  return noted;
}

Result<void> write_dates(envelope::SealedTransaction& tx, const NotedDates& dates) {
  Writer out;
  out.u8(kFormat).u32(static_cast<std::uint32_t>(dates.all.size()));
  for (const KeyDates& one : dates.all) {
    out.u8(static_cast<std::uint8_t>(one.kind)).raw(one.token.bytes).u32(one.version);
    out.u64(count_of(one.activated)).u8(one.dated ? 1 : 0);
    out.u64(count_of(one.deactivated)).u64(count_of(one.destroyed));
    out.u64(count_of(one.compromised)).text(one.reason);
  }
  return tx.write(
      dates_row(), as_text(out.view()),
      dates.version == 0 ? envelope::Expect::absent() : envelope::Expect::unchanged(dates.version));
}

Result<std::vector<EnginesKey>> engines_keys(const Unsealed& vault,
                                             envelope::SealedTransaction& tx) {
  std::vector<EnginesKey> all;
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  for (const MountTable::Entry& entry : table->all()) {
    COFFER_TRY(const auto keys, entry.engine->token_keys(tx, entry.mount));
    for (const engine::TokenKey& key : keys) {
      const auto kind = key_kind(key.kind);
      if (!kind) return make_error(ErrorCode::internal, "an engine's key is of no kind");
      all.push_back({*kind, entry.mount.uuid, entry.mount.path, key.version, key.made});
    }
  }
  return all;
}

std::vector<KeyDates> dates_of_now(const Unsealed& vault, const std::vector<EnginesKey>& engines,
                                   std::vector<KeyDates> noted, WallTime now) {
  const bool kept = !noted.empty();
  std::vector<KeyDates> all;
  for (const Present& key : present_keys(*vault.keyring, engines)) {
    KeyDates dates = first_dates(*vault.keyring, key, kept, now);
    const auto found = std::find_if(noted.begin(), noted.end(),
                                    [&](const KeyDates& one) { return one.same_key(dates); });
    if (found != noted.end()) {
      dates = std::move(*found);
      noted.erase(found);
    }
    if (!key.current && !dates.deactivated) dates.deactivated = now;
    all.push_back(std::move(dates));
  }
  for (KeyDates& gone : noted) {
    if (!gone.deactivated) gone.deactivated = now;
    if (!gone.destroyed && !is_engines(gone.kind)) gone.destroyed = now;
    all.push_back(std::move(gone));
  }
  std::stable_sort(all.begin(), all.end(), [](const KeyDates& a, const KeyDates& b) {
    return std::tie(a.kind, a.token, a.version) < std::tie(b.kind, b.token, b.version);
  });
  forget_oldest(all);
  return all;
}

}  // namespace coffer::core
