// What the daemon says of itself.
#include "doctor_checks.h"

#include <charconv>

namespace coffer::cli {
namespace {

using model::Json;
using std::chrono::days;

std::string text_of(const Json& object, std::string_view name) {
  const Json* const found = object.find(name);
  return found == nullptr || found->is_null() ? std::string() : found->text();
}

void error(Findings& found, std::string check, std::string what, std::string fix) {
  found.push_back({Severity::error, std::move(check), std::move(what), std::move(fix)});
}
void warning(Findings& found, std::string check, std::string what, std::string fix) {
  found.push_back({Severity::warning, std::move(check), std::move(what), std::move(fix)});
}
void info(Findings& found, std::string check, std::string what, std::string fix) {
  found.push_back({Severity::info, std::move(check), std::move(what), std::move(fix)});
}

std::string key_name(const Json& key) {
  const std::string path = text_of(key, "path");
  return text_of(key, "kind") + " " + text_of(key, "version") + (path.empty() ? "" : " of " + path);
}

/// How another key takes its place.
std::string replacing(const Json& key) {
  const std::string kind = text_of(key, "kind");
  if (kind == "ssh_ca") {
    return "make a new CA: delete " + text_of(key, "path") + "config/ca and write it again, and " +
           "give hosts its public key, docs/ssh.md";
  }
  if (kind == "name") return "restore into a new vault: this key never changes";
  return kind == "kek" ? "coffer operator rotate-key" : "coffer operator rotate-key -key=" + kind;
}

void check_attributes(const Json& key, Findings& found) {
  if (const std::string why = text_of(key, "attributes_error"); !why.empty()) {
    error(found, "key.unreadable", key_name(key) + " can't be read on the token: " + why,
          "coffer read sys/token; is the token there, and the key on it?");
    return;
  }
  const Json* const attributes = key.find("attributes");
  if (attributes == nullptr || attributes->is_null()) return;
  const bool stays = text_of(*attributes, "CKA_SENSITIVE") == "true" &&
                     text_of(*attributes, "CKA_EXTRACTABLE") == "false";
  if (stays) return;
  error(found, "key.extractable", key_name(key) + " may leave the token",
        replacing(key) + "; find out who changed it");
}

/// What helps with an old version past its period. A kek alone is retired: the command takes a
/// number and no kind, so that of another kind's version it would destroy the kek of that number.
std::string outliving(const Json& key) {
  const std::string kind = text_of(key, "kind");
  if (kind == "kek") {
    return "coffer operator rotate-key -retire=" + text_of(key, "version") +
           ", once no backup needs it";
  }
  if (kind == "ssh_ca") return "the token destroys it once it is reached, docs/ssh.md";
  return "it stays, for what it made, docs/keys.md; allow it longer: coffer write "
         "sys/cryptoperiods/" +
         kind + " recipient_period=0";
}

void check_period(const Json& key, Findings& found) {
  const std::string period = text_of(key, "period");
  const bool old = !text_of(key, "deactivated").empty();
  const std::string fix = old ? outliving(key) : replacing(key);
  if (period == "over") {
    warning(found, "key.over",
            key_name(key) + " is past its usage period, which ended " + text_of(key, "period_ends"),
            fix);
  }
  if (period == "ending") {
    warning(found, "key.ending",
            key_name(key) + "'s usage period ends " + text_of(key, "period_ends"), fix);
  }
}

void check_mark(const Json& key, Findings& found) {
  if (text_of(key, "state") != "compromised") return;
  const std::string what = key_name(key) + " is compromised, since " + text_of(key, "compromised") +
                           ": " + text_of(key, "compromised_reason");
  if (text_of(key, "in_use") == "true") {
    return error(found, "key.compromised", what + "; it is in use", replacing(key));
  }
  const bool kek = text_of(key, "kind") == "kek";
  warning(found, "key.compromised_kept", what,
          kek ? "coffer operator rotate-key -retire=" + text_of(key, "version") +
                    ", once nothing refers to it"
              : "what it protected is to be taken for known, docs/keys.md");
}

void check_unclaimed(const Json& inventory, Findings& found) {
  const Json* const keys = inventory.find("unclaimed");
  if (keys == nullptr || keys->is_null()) return;
  for (const Json& key : keys->elements()) {
    const std::string what =
        "the token has a key that no row of the vault claims: " + text_of(key, "label") + ", id " +
        text_of(key, "id");
    const std::string maker = text_of(key, "maker");
    if (maker == "vault" || maker == "ssh_ca") {
      warning(found, "key.unclaimed", what,
              "left by a change that was cut short, or by a vault of before; docs/keys.md");
    } else {
      info(found, "key.foreign", what, "one token, one vault: find out whose it is");
    }
  }
}

/// The newest backup, by the time in its head. A name says nothing, and what can't be one, or not
/// yet, hides no other.
std::optional<std::chrono::sys_seconds> newest(const Json& names, const DoctorLimits& limits,
                                               Findings& found) {
  std::optional<std::chrono::sys_seconds> last;
  const Json* const info = names.find("key_info");
  if (info == nullptr || info->is_null()) return last;
  for (const auto& [name, one] : info->members()) {
    const std::string away = "; coffer delete sys/backup/" + name;
    const std::string trouble = text_of(one, "error");
    const auto time = read_time(text_of(one, "created"));
    if (!trouble.empty() || !time) {
      warning(found, "backup.damaged", name + ": " + (trouble.empty() ? "it has no date" : trouble),
              "find out what became of it" + away);
    } else if (*time > limits.now + limits.clocks_apart) {
      warning(found, "backup.future", name + " says that it is of " + text_of(one, "created"),
              "was the clock wrong? make another" + away);
    } else if (!last || *time > *last) {
      last = time;
    }
  }
  return last;
}

std::string ago(std::chrono::sys_seconds then, std::chrono::sys_seconds now) {
  return std::to_string(std::chrono::floor<days>(now - then).count()) + " days ago";
}

}  // namespace

std::int64_t number_of(const Json& object, std::string_view name) {
  const std::string text = text_of(object, name);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::error: break;
  }
  return "error";
}

std::optional<std::chrono::sys_seconds> read_time(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (digits.size() == 14) break;
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
    } else if (c != '-' && c != ':' && c != 'T' && c != 't') {
      break;
    }
  }
  if (digits.size() != 14) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) {
    int value = 0;
    std::from_chars(digits.data() + at, digits.data() + at + size, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(part(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(part(4, 2))),
                                        std::chrono::day(static_cast<unsigned>(part(6, 2)))};
  if (!day.ok() || part(8, 2) > 23 || part(10, 2) > 59 || part(12, 2) > 60) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(part(8, 2)) +
         std::chrono::minutes(part(10, 2)) + std::chrono::seconds(part(12, 2));
}

namespace {

/// Nobody who isn't let in is told why a vault is sealed; its audit log says so.
constexpr const char* kUnseal =
    "coffer operator unseal; but not where the audit log's newest lines have second_copy: if the "
    "other is the vault, stop this one, else stop both and take this one on, coffer operator "
    "accept-restore -config=/etc/coffer/coffer.toml (all tokens are void then), docs/operations.md";

}  // namespace

void check_health(const Json& health, Findings& found) {
  if (text_of(health, "initialized") != "true") {
    return error(found, "vault.not_made", "there is no vault yet", "coffer operator init");
  }
  if (text_of(health, "sealed") == "true") {
    return error(found, "vault.sealed", "the vault is sealed", kUnseal);
  }
  if (const Json* errors = health.find("errors"); errors != nullptr) {
    for (const Json& one : errors->elements()) {
      error(found, "vault.refuses", one.text(),
            "its log says what is wrong: journalctl -u cofferd");
    }
  }
  if (const std::string since = text_of(health, "audit_unsigned_since"); !since.empty()) {
    error(found, "audit.unsigned", "the audit log isn't signed since " + since,
          "coffer read sys/audit/status has the reason; is the token there?");
  }
  if (text_of(health, "audit_fork") == "true") {
    error(found, "audit.fork", "a witness knows another audit log than this one",
          "docs/audit.md: stop, keep both logs, find out who wrote the other");
  }
  if (text_of(health, "recovery") == "false") {
    warning(found, "token.only_one", "one token alone opens the vault: if it is lost, so is all",
            "coffer operator token enroll, docs/operations.md");
  }
  if (const auto count = number_of(health, "rotations_failing"); count > 0) {
    warning(found, "rotation.failing", std::to_string(count) + " rotations of secrets fail",
            "coffer rotation list");
  }
  if (const auto count = number_of(health, "lease_targets_failing"); count > 0) {
    error(found, "lease.failing", std::to_string(count) + " targets take no ends of leases",
          "coffer read sys/leases/pending");
  }
}

namespace {

void check_pin_tries(const std::string& tries, Findings& found) {
  const std::string fix = "find out who tried them; docs/operations.md, seal and unseal";
  if (tries == "few") {
    warning(found, "token.pin_tries_few",
            "wrong PINs were tried on the token: a few tries are left, and none is used at the "
            "next start",
            fix);
  }
  if (tries == "one_left") {
    error(found, "token.pin_tries_one_left",
          "the token has one PIN try left: it isn't used at the next start", fix);
  }
  if (tries == "locked") {
    error(found, "token.pin_locked", "the token's PIN is locked: the next start ends", fix);
  }
}

/// Nothing that is served needs it; whoever tries it is after the whole token.
void check_so_pin_tries(const std::string& tries, Findings& found) {
  const std::string fix = "find out who tried them; once it is locked, nobody can set another PIN";
  if (tries == "few") {
    warning(found, "token.so_pin_tries_few",
            "wrong PINs of the security officer were tried on the token: a few tries are left",
            fix);
  }
  if (tries == "one_left") {
    error(found, "token.so_pin_tries_one_left",
          "the token has one try left of the security officer's PIN", fix);
  }
  if (tries == "locked") {
    error(found, "token.so_pin_locked", "the security officer's PIN of the token is locked",
          "find out who tried it; have another token enrolled before this one's PIN is lost");
  }
}

}  // namespace

void check_token(const Json& token, Findings& found) {
  const std::string state = text_of(token, "state");
  if (!state.empty() && state != "up") {
    const std::string what = "the token is " + state + ": " + text_of(token, "reason");
    found.push_back({state == "down" ? Severity::error : Severity::warning, "token." + state, what,
                     "docs/tokens.md, when a token fails"});
  }
  check_pin_tries(text_of(token, "pin_tries"), found);
  check_so_pin_tries(text_of(token, "so_pin_tries"), found);
  const std::string model = text_of(token, "model") + " " + text_of(token, "manufacturer");
  if (model.find("SoftHSM") != std::string::npos) {
    warning(found, "token.software", "the token is SoftHSM: its keys are files of this machine",
            "use a hardware token in production");
  }
}

void check_keys(const Json& inventory, Findings& found) {
  check_unclaimed(inventory, found);
  const Json* const keys = inventory.find("keys");
  if (keys == nullptr) return;
  for (const Json& key : keys->elements()) {
    check_attributes(key, found);
    check_period(key, found);
    check_mark(key, found);
    if (text_of(key, "state") == "pre-activation") {
      info(found, "key.unused", key_name(key) + " is on the token and not in use",
           "the next rotation takes it; if nobody made it, find out who did");
    }
  }
}

void check_usage(const Json& usage, Findings& found) {
  const Json* const kek = usage.find("kek");
  if (kek == nullptr || text_of(*kek, "rotation_due") != "true") return;
  warning(found, "kek.rotation_due",
          "the kek wrapped " + text_of(*kek, "wraps") + " times or is too old, and is due",
          "coffer operator rotate-key");
}

void check_rotation(const Json& config, Findings& found) {
  if (text_of(config, "enabled") != "false") return;
  warning(found, "kek.rotation_off", "the kek doesn't rotate by itself",
          "coffer write sys/rotate/config enabled=true");
}

void check_backups(const Json& names, const Json& last, const DoctorLimits& limits,
                   Findings& found) {
  if (text_of(last, "state") == "failed") {
    error(found, "backup.failed", "the last backup failed: " + text_of(last, "error"),
          "coffer operator backup");
  }
  const auto time = newest(names, limits, found);
  if (!time) {
    warning(found, "backup.none", "there is no backup in the daemon's directory to count on",
            "coffer operator backup, by a timer");
  } else if (limits.now - *time > limits.backup_age) {
    warning(found, "backup.old", "the last backup was made " + ago(*time, limits.now),
            "coffer operator backup, by a timer");
  }
}

void check_drills(const Json& drills, const DoctorLimits& limits, Findings& found) {
  constexpr const char* kFix =
      "coffer operator backup drill -config=/etc/coffer/coffer.toml -record FILE, a backup";
  const Json* const all = drills.find("drills");
  if (all == nullptr || all->elements().empty()) {
    return warning(found, "drill.none", "no restore drill is on record", kFix);
  }
  const Json& last = all->elements().front();
  if (text_of(last, "passed") != "true") {
    error(found, "drill.failed", "the last restore drill failed, " + text_of(last, "time"), kFix);
  }
  const auto time = read_time(text_of(last, "time"));
  if (time && limits.now - *time > limits.drill_age) {
    warning(found, "drill.due", "the last restore drill was " + ago(*time, limits.now), kFix);
  }
}

namespace {

/// What a store that was taken on lacks. Of rows that went nothing is left to be done but to look,
/// which is over with the release.
void check_lacking(const Json& restore, bool paused, Findings& found) {
  const auto names = [&](std::string_view key, const auto& tell) {
    const Json* const named = restore.find(key);
    if (named == nullptr || named->is_null()) return;
    for (const Json& one : named->elements()) tell(one.text());
  };
  if (paused && number_of(restore, "rows_lost") > 0) {
    warning(found, "restore.rows_lost",
            text_of(restore, "rows_lost") +
                " rows of the store that was taken on couldn't be "
                "opened and went",
            "coffer read sys/restore names them: write anew what they held");
  }
  names("secrets_damaged_named", [&](const std::string& secret) {
    error(found, "restore.damaged", secret + " is damaged or not there",
          "write it anew and destroy that version");
  });
}

}  // namespace

void check_restore(const Json& restore, Findings& found) {
  check_lacking(restore, text_of(restore, "paused") == "true", found);
  if (text_of(restore, "paused") == "true") {
    warning(found, "restore.paused", "after a restore, what reaches outside waits",
            "coffer operator backup release");
  }
  const Json* const databases = restore.find("databases_unsearched");
  if (databases == nullptr) return;
  for (const Json& path : databases->elements()) {
    warning(found, "restore.unsearched",
            "users of the time that a restore took back may be in " + path.text(),
            "coffer lease orphans " + path.text());
  }
}

void check_signing(const Json& status, Findings& found) {
  if (const Json* anchor = status.find("anchor"); anchor != nullptr) {
    const std::string trouble = text_of(*anchor, "trouble");
    if (!trouble.empty()) {
      warning(found, "anchor.trouble", "the token's anchor isn't written: " + trouble,
              "an older copy of store and log would pass; docs/formats/anchor.md");
    }
  }
  if (text_of(status, "signing") == "false") {
    error(found, "audit.not_signing", "the audit log isn't signed at all",
          "start cofferd without --audit-unsigned");
  }
  const Json* const witnesses = status.find("witnesses");
  if (witnesses == nullptr || witnesses->elements().empty()) {
    return warning(found, "audit.no_witness", "nobody else keeps checkpoints of the audit log",
                   "set vault.audit_witness_file, _syslog or _url, docs/audit.md");
  }
  for (const Json& one : witnesses->elements()) {
    const std::string trouble = text_of(one, "trouble");
    if (trouble.empty()) continue;
    warning(found, "audit.witness", "witness " + text_of(one, "name") + ": " + trouble,
            "docs/audit.md, witnesses");
  }
}

void check_host(const Json& host, Findings& found) {
  constexpr std::int64_t kWarn = 10;
  constexpr std::int64_t kError = 3;
  const Json* const disks = host.find("disk");
  if (disks == nullptr) return;
  for (const Json& disk : disks->elements()) {
    const std::int64_t total = number_of(disk, "total");
    if (total <= 0) continue;
    const std::int64_t left = number_of(disk, "free") / (total / 100 + 1);
    if (left >= kWarn) continue;
    found.push_back({left < kError ? Severity::error : Severity::warning, "disk.full",
                     std::to_string(left) + " % are left at " + text_of(disk, "path"),
                     "make room, or coffer-audit compress and prune; a full disk stops the vault"});
  }
}

void check_clock(const Json& clock, Findings& found) {
  if (text_of(clock, "stepped") != "true") return;
  error(found, "clock.stepped",
        "the clock has stepped by " + text_of(clock, "ahead_seconds") + " s, unconfirmed",
        "set it right, or coffer write -f sys/clock/confirm");
}

bool is_root(const Json& token) {
  const Json* const policies = token.find("policies");
  if (policies == nullptr) return false;
  for (const Json& one : policies->elements()) {
    if (one.text() == "root") return true;
  }
  return false;
}

void check_root(std::string_view accessor, const Json& token, std::optional<bool> used,
                const DoctorLimits& limits, Findings& found) {
  if (!is_root(token)) return;
  const std::string fix = "coffer token revoke -accessor " + std::string(accessor);
  const std::string name = "root token " + std::string(accessor);
  if (used && !*used) {
    warning(found, "root.unused", name + " was never used, as far as the audit log goes", fix);
  }
  if (number_of(token, "ttl") != 0 || !text_of(token, "expire_time").empty()) return;
  const auto made = read_time(text_of(token, "issue_time"));
  if (made && limits.now - *made < limits.root_age) {
    info(found, "root.fresh", name + " never expires", fix + ", once it has served");
  } else {
    warning(found, "root.never_expires", name + " never expires, and is older than a day", fix);
  }
}

}  // namespace coffer::cli
