#include "shown_config.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <variant>

#include "coffer/model/toml.h"

namespace coffer::cli {
namespace {

using model::ConfigEntry;

/// What a value must look like, so that it isn't something else that was written to the wrong key.
enum class Kind : std::uint8_t {
  number,  ///< or true or false
  path,    ///< absolute; or empty
  word,    ///< a name, a choice, a path under the vault's directory
  key,     ///< a verifier key
  paths,   ///< a list of patterns
  uri,     ///< of the token
  url,
  secret,
};

struct Key {
  std::string_view table;
  std::string_view name;
  Kind kind;
};

/// All that the daemon knows (docs/coffer.toml).
constexpr Key kKeys[] = {
    {"vault", "directory", Kind::path},
    {"vault", "store", Kind::word},
    {"vault", "audit", Kind::word},
    {"vault", "signer", Kind::word},
    {"vault", "backups", Kind::word},
    {"vault", "audit_durability", Kind::word},
    {"vault", "audit_segment_bytes", Kind::number},
    {"vault", "audit_segment_age_seconds", Kind::number},
    {"vault", "audit_heartbeat_seconds", Kind::number},
    {"vault", "audit_max_unsigned_seconds", Kind::number},
    {"vault", "audit_witness_file", Kind::path},
    {"vault", "audit_witness_syslog", Kind::number},
    {"vault", "audit_witness_url", Kind::url},
    {"vault", "audit_witness_ca", Kind::path},
    {"vault", "audit_witness_key", Kind::key},
    {"vault", "audit_witness_seconds", Kind::number},
    {"vault", "cache_entries", Kind::number},
    {"vault", "cache_age_seconds", Kind::number},
    {"vault", "cache_grace_seconds", Kind::number},
    {"vault", "auto_unseal", Kind::number},
    {"token", "module", Kind::path},
    {"token", "uri", Kind::uri},
    {"token", "pin_from", Kind::word},
    {"token", "pin_credential", Kind::secret},  // a PIN ends up there easily
    {"token", "pin_file", Kind::path},
    {"token", "max_sessions", Kind::number},
    {"token", "session_wait_ms", Kind::number},
    {"token", "call_deadline_ms", Kind::number},
    {"token", "accept_low_pin_count", Kind::number},
    {"token", "sync_directory", Kind::path},
    {"token", "softhsm2_conf", Kind::path},
    {"token", "worker_user", Kind::word},
    {"token", "seccomp", Kind::word},
    {"token", "profile", Kind::word},
    {"token", "init_string", Kind::secret},
    {"token", "accept_insecure_token", Kind::number},
    {"token", "environment", Kind::secret},
    {"limits", "max_connections", Kind::number},
    {"limits", "max_connections_per_uid", Kind::number},
    {"limits", "idle_seconds", Kind::number},
    {"limits", "head_seconds", Kind::number},
    {"limits", "body_seconds", Kind::number},
    {"limits", "write_seconds", Kind::number},
    {"limits", "workers", Kind::number},
    {"limits", "queue", Kind::number},
    {"limits", "slow_workers", Kind::number},
    {"limits", "slow_queue", Kind::number},
    {"leases", "max_total", Kind::number},
    {"leases", "max_per_role", Kind::number},
    {"leases", "max_per_owner", Kind::number},
    {"process", "user", Kind::word},
    {"process", "group", Kind::word},
    {"process", "allow_root", Kind::number},
    {"log", "level", Kind::word},
    {"listener", "path", Kind::path},
    {"listener", "mode", Kind::word},
    {"listener", "group", Kind::word},
    {"listener", "max_connections", Kind::number},
    {"rotation_program", "name", Kind::word},
    {"rotation_program", "path", Kind::path},
    {"rotation_program", "secrets", Kind::paths},
    {"rotation_program", "user", Kind::word},
    {"rotation_program", "deadline_seconds", Kind::number},
};

/// None of them needs quoting in TOML.
bool has_only(std::string_view text, std::string_view marks) {
  return text.size() <= 256 && std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  marks.find(c) != std::string_view::npos;
         });
}

/// A query can hold anything, and so can what stands before an @.
bool fits(std::string_view text, Kind kind) {
  switch (kind) {
    case Kind::path: return text.empty() || (text.starts_with('/') && has_only(text, "/._-+ "));
    case Kind::word: return has_only(text, "/._-");
    case Kind::paths: return has_only(text, "/._-+*");
    case Kind::key: return has_only(text, "/._-+=:");
    case Kind::uri:
      return text.starts_with("pkcs11:") && has_only(text, ":;=%._- ") &&
             text.find("pin-") == std::string_view::npos;
    case Kind::url:
      return text.empty() || ((text.starts_with("http") || text.starts_with("unix:/")) &&
                              has_only(text, ":/._-[]"));
    case Kind::number:
    case Kind::secret: break;
  }
  return false;
}

std::optional<std::string> shown_list(const model::TextList& list, Kind kind) {
  std::string shown;
  for (const std::string& text : list) {
    if (kind != Kind::paths || !fits(text, kind)) return std::nullopt;
    shown.append(shown.empty() ? "\"" : ", \"").append(text).append("\"");
  }
  return "[" + shown + "]";
}

/// As TOML; nullopt: not to be shown.
std::optional<std::string> shown_value(const model::ConfigValue& value, Kind kind) {
  if (kind == Kind::secret) return "\"(left out)\"";
  if (kind == Kind::number) {
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    return std::nullopt;
  }
  if (const auto* list = std::get_if<model::TextList>(&value)) return shown_list(*list, kind);
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || kind == Kind::paths || !fits(*text, kind)) return std::nullopt;
  return "\"" + *text + "\"";
}

bool is_table(std::string_view name) {
  return std::any_of(std::begin(kKeys), std::end(kKeys),
                     [&](const Key& key) { return key.table == name; });
}

void show(const ConfigEntry& entry, ShownConfig& shown) {
  if (std::holds_alternative<model::TableStart>(entry.value)) {
    if (!is_table(entry.table)) return;
    const bool repeated = entry.repeated;
    shown.text.append(repeated ? "[[" : "[").append(entry.table).append(repeated ? "]]\n" : "]\n");
    return;
  }
  const auto* key = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& one) {
    return one.table == entry.table && one.name == entry.name;
  });
  const auto value = key == std::end(kKeys) ? std::nullopt : shown_value(entry.value, key->kind);
  if (value) {
    shown.text.append(key->name).append(" = ").append(*value).append("\n");
  } else {
    ++shown.left_out;
  }
}

}  // namespace

Result<ShownConfig> shown_config(std::string_view text) {
  auto parsed = model::read_toml(text);
  if (const auto* mistake = std::get_if<model::TomlMistake>(&parsed)) {
    return make_error(ErrorCode::invalid_argument,
                      "isn't TOML from line " + std::to_string(mistake->line) + " on");
  }
  auto& entries = std::get<std::vector<ConfigEntry>>(parsed);
  // By table, its start first: `token.uri = …` may stand among the keys of another.
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const bool a_goes_on = !a.name.empty();
    const bool b_goes_on = !b.name.empty();
    return std::tie(a.table, a.index, a_goes_on) < std::tie(b.table, b.index, b_goes_on);
  });
  ShownConfig shown;
  for (const ConfigEntry& entry : entries) show(entry, shown);
  return shown;
}

}  // namespace coffer::cli
