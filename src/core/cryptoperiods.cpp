#include "coffer/core/cryptoperiods.h"

#include <algorithm>

#include "coffer/base/codec.h"
#include "coffer/core/epoch.h"
#include "coffer/engine/engine.h"

namespace coffer::core {
namespace {

constexpr std::uint8_t kFormat = 1;

struct Known {
  std::string_view name;
  std::optional<envelope::KeyName> in_keyring;
  std::chrono::days originator;
  std::chrono::days recipient;
};

// Within table 1 of SP 800-57 part 1 revision 5, section 5.3.6. What opens or verifies for as long
// as the thing that it made is kept has no recipient usage period of its own.
constexpr std::chrono::days kYear{365};
constexpr std::array<Known, kKeyKinds.size()> kKnown = {{
    {"kek", std::nullopt, kYear, 3 * kYear},
    {"sign", std::nullopt, 2 * kYear, {}},
    {"record", envelope::KeyName::record, 2 * kYear, {}},
    {"bind", envelope::KeyName::bind, 2 * kYear, {}},
    {"name", envelope::KeyName::name, {}, {}},
    {"token_hash", envelope::KeyName::token_hash, 2 * kYear, {}},
    {"audit", envelope::KeyName::audit, kYear, {}},
    {"fingerprint", envelope::KeyName::fingerprint, 2 * kYear, {}},
    {"ssh_ca", std::nullopt, 2 * kYear, {}},
}};

/// In the ids of the SSH engine's keys: docs/formats/ssh.md.
constexpr char kSshCaLetter = 'h';

const Known& known(KeyKind kind) { return kKnown[static_cast<std::size_t>(kind) - 1]; }

envelope::RowName config_row() { return {kSettingsSpace, {}, "cryptoperiods"}; }

Result<std::chrono::seconds> read_seconds(Reader& in) {
  COFFER_TRY(const std::uint64_t count, in.u64());
  const std::chrono::seconds most = kLongestPeriod;
  if (count > static_cast<std::uint64_t>(most.count())) {
    return make_error(ErrorCode::corrupt, "a cryptoperiod is longer than any may be");
  }
  return std::chrono::seconds(static_cast<std::int64_t>(count));
}

Result<Cryptoperiod> read_one(Reader& in) {
  Cryptoperiod period;
  COFFER_TRY(period.originator, read_seconds(in));
  COFFER_TRY(period.recipient, read_seconds(in));
  COFFER_TRY(period.warn, read_seconds(in));
  COFFER_TRY(const std::uint8_t enforce, in.u8());
  period.enforce = enforce != 0;
  return period;
}

Error invalid(std::string_view text) { return make_error(ErrorCode::invalid_argument, text); }

bool fits(std::chrono::seconds period) {
  return period.count() == 0 || (period >= kLeastPeriod && period <= kLongestPeriod);
}

/// Of `name`: by its end nothing could be done.
Result<void> check_none(const Cryptoperiod& period) {
  const std::string_view field = period.originator.count() != 0  ? "originator_period"
                                 : period.recipient.count() != 0 ? "recipient_period"
                                 : period.enforce                ? "enforce"
                                                                 : "";
  if (field.empty()) return {};
  return invalid("field \"" + std::string(field) +
                 "\" can't be set for name: it changes only by an offline rekey");
}

}  // namespace

std::string_view name_of(KeyKind kind) noexcept { return known(kind).name; }

std::optional<KeyKind> key_kind(std::string_view name) noexcept {
  const auto found = std::find_if(kKeyKinds.begin(), kKeyKinds.end(),
                                  [&](KeyKind kind) { return name_of(kind) == name; });
  return found == kKeyKinds.end() ? std::nullopt : std::optional(*found);
}

std::optional<envelope::KeyName> keyring_name(KeyKind kind) noexcept {
  return known(kind).in_keyring;
}

pkcs11::KeyRef key_ref(KeyKind kind, const Uuid& owner, std::uint32_t version) {
  if (kind == KeyKind::kek) return envelope::kek_ref(owner, version);
  if (kind == KeyKind::sign) return envelope::sign_ref(owner, version);
  if (kind == KeyKind::ssh_ca) return {engine::token_key_id(owner, kSshCaLetter, version)};
  return {};
}

Cryptoperiod default_period(KeyKind kind) noexcept {
  return {.originator = known(kind).originator, .recipient = known(kind).recipient};
}

Result<void> check(KeyKind kind, const Cryptoperiod& period) {
  if (!fits(period.originator)) {
    return invalid("field \"originator_period\" must be 24h to 876000h, or 0");
  }
  if (!fits(period.recipient)) {
    return invalid("field \"recipient_period\" must be 24h to 876000h, or 0");
  }
  if (period.warn.count() < 0 || period.warn > kLongestPeriod) {
    return invalid("field \"warn\" must be 0 to 876000h");
  }
  if (kind == KeyKind::name) COFFER_CHECK(check_none(period));
  if (!period.enforce) return {};
  if (is_engines(kind)) {
    return invalid(
        "field \"enforce\" can't be set for ssh_ca: hosts trust a new CA only once they have its "
        "public key, so an operator makes it");
  }
  if (period.originator.count() == 0) {
    return invalid("field \"enforce\" needs an originator_period that isn't 0");
  }
  return {};
}

Cryptoperiods::Cryptoperiods() noexcept {
  for (const KeyKind kind : kKeyKinds) set(kind, default_period(kind));
}

Result<Cryptoperiods> Cryptoperiods::read(envelope::SealedTransaction& tx) {
  Cryptoperiods periods;
  COFFER_TRY(const auto row, tx.read(config_row()));
  if (!row) return periods;
  Reader in(as_bytes(row->value));
  COFFER_TRY(const std::uint8_t format, in.u8());
  if (format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of the cryptoperiods");
  }
  COFFER_TRY(const std::uint8_t count, in.u8());
  for (std::uint8_t i = 0; i < count; ++i) {
    COFFER_TRY(const std::uint8_t kind, in.u8());
    COFFER_TRY(const Cryptoperiod period, read_one(in));
    if (kind < 1 || kind > kKeyKinds.size()) {
      return make_error(ErrorCode::corrupt, "a cryptoperiod of an unknown kind of key");
    }
    // One was taken once: it would be told of for ever.
    if (static_cast<KeyKind>(kind) == KeyKind::name) continue;
    periods.set(static_cast<KeyKind>(kind), period);
  }
  COFFER_CHECK(in.finish());
  return periods;
}

Result<void> Cryptoperiods::write(envelope::SealedTransaction& tx) const {
  Writer out;
  out.u8(kFormat).u8(static_cast<std::uint8_t>(kKeyKinds.size()));
  for (const KeyKind kind : kKeyKinds) {
    const Cryptoperiod& period = of(kind);
    out.u8(static_cast<std::uint8_t>(kind));
    out.u64(static_cast<std::uint64_t>(period.originator.count()));
    out.u64(static_cast<std::uint64_t>(period.recipient.count()));
    out.u64(static_cast<std::uint64_t>(period.warn.count())).u8(period.enforce ? 1 : 0);
  }
  return tx.write(config_row(), as_text(out.view()), envelope::Expect::anything());
}

}  // namespace coffer::core
