#include "config_fields.h"

#include <algorithm>
#include <utility>

#include "coffer/audit/cosignature.h"
#include "coffer/model/path_pattern.h"
#include "coffer/pkcs11/profile.h"

namespace coffer::daemon {
namespace {

constexpr std::size_t kMaxText = 1024;
constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un, unix(7)
constexpr std::size_t kMostPatterns = 256;
constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kMostLeases = 10'000'000;
constexpr std::int64_t kMostSegment = std::int64_t{1} << 40U;

/// "" if the text may be a value at all: printable, so that it can stand in a log and in a path.
std::string plain_text_problem(const std::string& text) {
  if (text.size() > kMaxText) return "must have at most 1024 bytes";
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return control ? "must not have control characters" : "";
}

/// No part that leads elsewhere than it says.
bool has_dots(const std::string& path) {
  return ("/" + path + "/").find("/../") != std::string::npos ||
         ("/" + path + "/").find("/./") != std::string::npos;
}

using TextRule = std::string (*)(const std::string&);

std::string any_text(const std::string& /*text*/) { return {}; }

std::string absolute_path(const std::string& path) {
  if (!path.starts_with('/') || has_dots(path)) return "must be an absolute path without . or ..";
  return {};
}

std::string absolute_path_or_none(const std::string& path) {
  return path.empty() ? std::string() : absolute_path(path);
}

std::string path_under_directory(const std::string& path) {
  if (path.empty() || path.ends_with('/') || has_dots(path)) {
    return "must be a path, absolute or under vault.directory, without . or ..";
  }
  return {};
}

std::string socket_path(const std::string& path) {
  if (path.size() > kMaxSocketPath) return "must have at most 107 bytes, as a socket's path";
  if (path.ends_with('/')) return "must not end with a slash";
  return absolute_path(path);
}

/// systemd names credentials like files, without a slash (systemd.exec(5)).
std::string credential_name(const std::string& name) {
  const bool bad = name.empty() || name.find('/') != std::string::npos || name.starts_with('.');
  return bad ? "must be a name, without a slash or a leading dot" : "";
}

std::string witness_url(const std::string& url) {
  if (url.empty() || url.starts_with("https://") || url.starts_with("http://")) return {};
  if (url.starts_with("unix:")) return absolute_path(url.substr(5));
  return "must start with https://, http:// or unix:/";
}

std::string witness_key(const std::string& key) {
  if (key.empty()) return {};
  const auto read = audit::parse_cosigner(key);
  return read.ok() ? std::string() : std::string(read.error().text);
}

std::string program_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  const bool fine =
      !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
  return fine ? "" : "must be 1 to 64 letters, digits, - or _";
}

std::string profile_name(const std::string& name) {
  const auto known = pkcs11::check_profile_name(name);
  return known.ok() ? std::string() : "must be " + std::string(known.error().text);
}

template <typename Settings, typename Get>
auto same(Get get) {
  return [=](const Settings& a, const Settings& b) { return get(a) == get(b); };
}

/// Texts aren't shown: what someone wrote by mistake may be a secret.
template <typename Settings, typename Get>
Rule<Settings> text(Get get, TextRule rule) {
  const auto set = [=](Settings& settings, const ConfigValue& value) -> std::string {
    const auto* given = std::get_if<std::string>(&value);
    if (given == nullptr) return "must be a string";
    std::string problem = plain_text_problem(*given);
    if (problem.empty()) problem = rule(*given);
    if (problem.empty()) get(settings) = *given;
    return problem;
  };
  return {set, same<Settings>(get)};
}

/// What the loader and the allocator look at would change more than the module.
bool is_variable(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool fine = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                    std::all_of(name.begin(), name.end(), fits);
  return fine && !name.starts_with("LD_") && !name.starts_with("MALLOC_") &&
         !name.starts_with("GLIBC_") && !name.starts_with("COFFER_");
}

template <typename Settings, typename Get>
Rule<Settings> environment(Get get) {
  const auto set = [=](Settings& settings, const ConfigValue& value) -> std::string {
    const auto* given = std::get_if<TextTable>(&value);
    if (given == nullptr) return "must be a table of strings";
    for (const auto& [name, text] : *given) {
      if (!is_variable(name)) {
        return "must have names of capitals, digits and _, none of the loader's (LD_, MALLOC_)";
      }
      if (std::string problem = plain_text_problem(text); !problem.empty()) return problem;
    }
    get(settings) = *given;
    return {};
  };
  return {set, same<Settings>(get)};
}

/// Of paths, as policies write them; an empty list would let nothing through.
template <typename Settings, typename Get>
Rule<Settings> patterns(Get get) {
  const auto set = [=](Settings& settings, const ConfigValue& value) -> std::string {
    const auto* given = std::get_if<TextList>(&value);
    if (given == nullptr || given->empty() || given->size() > kMostPatterns) {
      return "must be a list of 1 to 256 paths";
    }
    for (const std::string& pattern : *given) {
      if (std::string problem = plain_text_problem(pattern); !problem.empty()) return problem;
      const auto checked = model::check_path_pattern(pattern);
      if (!checked.ok()) return "must hold paths as policies do: " + checked.error().text;
    }
    get(settings) = *given;
    return {};
  };
  return {set, same<Settings>(get)};
}

template <typename Settings, typename Get>
Rule<Settings> flag(Get get) {
  const auto set = [=](Settings& settings, const ConfigValue& value) -> std::string {
    const auto* given = std::get_if<bool>(&value);
    if (given == nullptr) return "must be true or false";
    get(settings) = *given;
    return {};
  };
  const auto show = [=](const Settings& settings) -> std::string {
    return get(settings) ? "true" : "false";
  };
  return {set, same<Settings>(get), show};
}

std::string number_of(std::size_t count) { return std::to_string(count); }
template <typename Rep, typename Period>
std::string number_of(std::chrono::duration<Rep, Period> duration) {
  return std::to_string(duration.count());
}

/// Into a count, or into a duration of that many units.
template <typename Settings, typename Get>
Rule<Settings> number(Get get, std::int64_t least, std::int64_t most) {
  const auto set = [=](Settings& settings, const ConfigValue& value) -> std::string {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (given == nullptr || *given < least || *given > most) {
      return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    }
    using Target = std::remove_reference_t<decltype(get(settings))>;
    get(settings) = Target(static_cast<std::size_t>(*given));
    return {};
  };
  const auto show = [=](const Settings& settings) { return number_of(get(settings)); };
  return {set, same<Settings>(get), show};
}

template <typename Settings, typename Get, typename Choice>
Rule<Settings> choice(Get get, std::vector<std::pair<std::string, Choice>> choices) {
  const auto set = [=](Settings& settings, const ConfigValue& value) -> std::string {
    const auto* given = std::get_if<std::string>(&value);
    std::string names;
    for (const auto& [name, chosen] : choices) {
      if (given != nullptr && *given == name) {
        get(settings) = chosen;
        return {};
      }
      names += (names.empty() ? "" : ", ") + name;
    }
    return "must be one of: " + names;
  };
  const auto show = [=](const Settings& settings) {
    for (const auto& [name, chosen] : choices) {
      if (chosen == get(settings)) return name;
    }
    return std::string();
  };
  return {set, same<Settings>(get), show};
}

/// Four octal digits in a string: a number would be read in decimal, or need 0o in front.
std::string set_mode(ListenerConfig& listener, const ConfigValue& value) {
  constexpr std::string_view kWanted =
      "must be a string of four octal digits like \"0660\": reading and writing only, and both for "
      "the owner";
  const auto* given = std::get_if<std::string>(&value);
  if (given == nullptr || given->size() != 4 || given->front() != '0') return std::string(kWanted);
  mode_t mode = 0;
  for (const char digit : *given) {
    if (digit < '0' || digit > '7') return std::string(kWanted);
    mode = mode * 8 + static_cast<mode_t>(digit - '0');
  }
  if ((mode & 0111U) != 0 || (mode & 0600U) != 0600U) return std::string(kWanted);
  listener.mode = mode;
  return {};
}

std::string show_mode(const ListenerConfig& listener) {
  std::string digits(4, '0');
  for (std::size_t i = 0; i < 4; ++i) {
    digits[3 - i] = static_cast<char>('0' + ((listener.mode >> (3 * i)) & 7U));
  }
  return digits;
}

#define COFFER_FIELD(member) \
  [](auto& settings) -> auto& { return settings.member; }

std::vector<Field<Config>> vault_and_token() {
  using Durability = audit::Durability;
  const std::vector<std::pair<std::string, Durability>> durabilities = {
      {"power", Durability::power}, {"crash", Durability::crash}};
  const std::vector<std::pair<std::string, PinFrom>> pins = {{"credential", PinFrom::credential},
                                                             {"file", PinFrom::file},
                                                             {"operator", PinFrom::operator_entry}};
  const std::vector<std::pair<std::string, pkcs11::Confinement>> filters = {
      {"local", pkcs11::Confinement::local},
      {"network", pkcs11::Confinement::network},
      {"off", pkcs11::Confinement::off}};
  return {
      {"vault", "directory", text<Config>(COFFER_FIELD(vault.directory), absolute_path)},
      {"vault", "store", text<Config>(COFFER_FIELD(vault.store), path_under_directory)},
      {"vault", "audit", text<Config>(COFFER_FIELD(vault.audit), path_under_directory)},
      {"vault", "signer", text<Config>(COFFER_FIELD(vault.signer), path_under_directory)},
      {"vault", "backups", text<Config>(COFFER_FIELD(vault.backups), path_under_directory)},
      {"vault", "audit_durability",
       choice<Config>(COFFER_FIELD(vault.audit_durability), durabilities)},
      {"vault", "audit_segment_bytes",
       number<Config>(COFFER_FIELD(vault.audit_rules.segment_bytes), 4096, kMostSegment)},
      {"vault", "audit_segment_age_seconds",
       number<Config>(COFFER_FIELD(vault.audit_rules.segment_age), 60, 366 * kDay)},
      {"vault", "audit_heartbeat_seconds",
       number<Config>(COFFER_FIELD(vault.audit_rules.heartbeat), 0, kDay)},
      {"vault", "audit_max_unsigned_seconds",
       number<Config>(COFFER_FIELD(vault.audit_rules.max_unsigned), 0, 366 * kDay)},
      {"vault", "audit_witness_file",
       text<Config>(COFFER_FIELD(vault.audit_rules.witness_file), absolute_path_or_none)},
      {"vault", "audit_witness_syslog",
       flag<Config>(COFFER_FIELD(vault.audit_rules.witness_syslog))},
      {"vault", "audit_witness_url",
       text<Config>(COFFER_FIELD(vault.audit_rules.witness_url), witness_url)},
      {"vault", "audit_witness_ca",
       text<Config>(COFFER_FIELD(vault.audit_rules.witness_ca), absolute_path_or_none)},
      {"vault", "audit_witness_key",
       text<Config>(COFFER_FIELD(vault.audit_rules.witness_key), witness_key)},
      {"vault", "audit_witness_seconds",
       number<Config>(COFFER_FIELD(vault.audit_rules.witness_interval), 1, kDay)},
      {"vault", "cache_entries", number<Config>(COFFER_FIELD(vault.cache_entries), 1, 8192)},
      {"vault", "cache_age_seconds", number<Config>(COFFER_FIELD(vault.cache_age), 0, kDay),
       When::live},
      {"vault", "cache_grace_seconds", number<Config>(COFFER_FIELD(vault.cache_grace), 0, kDay),
       When::live},
      {"vault", "auto_unseal", flag<Config>(COFFER_FIELD(vault.auto_unseal))},
      {"token", "module", text<Config>(COFFER_FIELD(token.module), absolute_path), When::required},
      {"token", "uri", text<Config>(COFFER_FIELD(token.uri), any_text), When::required},
      {"token", "pin_from", choice<Config>(COFFER_FIELD(token.pin_from), pins)},
      {"token", "pin_credential",
       text<Config>(COFFER_FIELD(token.pin_credential), credential_name)},
      {"token", "pin_file", text<Config>(COFFER_FIELD(token.pin_file), absolute_path_or_none)},
      {"token", "max_sessions", number<Config>(COFFER_FIELD(token.max_sessions), 1, 1024)},
      {"token", "session_wait_ms", number<Config>(COFFER_FIELD(token.session_wait), 1, 60000)},
      {"token", "call_deadline_ms", number<Config>(COFFER_FIELD(token.call_deadline), 100, 600000)},
      {"token", "accept_low_pin_count", flag<Config>(COFFER_FIELD(token.accept_low_pin_count))},
      {"token", "sync_directory",
       text<Config>(COFFER_FIELD(token.sync_directory), absolute_path_or_none)},
      {"token", "softhsm2_conf",
       text<Config>(COFFER_FIELD(token.softhsm2_conf), absolute_path_or_none)},
      {"token", "worker_user", text<Config>(COFFER_FIELD(token.worker_user), any_text)},
      {"token", "seccomp", choice<Config>(COFFER_FIELD(token.seccomp), filters)},
      {"token", "profile", text<Config>(COFFER_FIELD(token.profile), profile_name)},
      {"token", "init_string", text<Config>(COFFER_FIELD(token.init_string), any_text)},
      {"token", "accept_insecure_token", flag<Config>(COFFER_FIELD(token.accept_insecure_token))},
      {"token", "environment", environment<Config>(COFFER_FIELD(token.environment))},
  };
}

std::vector<Field<Config>> limits_and_process() {
  const std::vector<std::pair<std::string, log::Level>> levels = {
      {"info", log::Level::info}, {"warn", log::Level::warn}, {"error", log::Level::error}};
  return {
      {"limits", "max_connections",
       number<Config>(COFFER_FIELD(limits.connections.max_connections), 1, 65536), When::live},
      {"limits", "max_connections_per_uid",
       number<Config>(COFFER_FIELD(limits.connections.max_per_uid), 1, 65536), When::live},
      {"limits", "idle_seconds",
       number<Config>(COFFER_FIELD(limits.connections.deadlines.idle), 1, kDay), When::live},
      {"limits", "head_seconds",
       number<Config>(COFFER_FIELD(limits.connections.deadlines.head), 1, 600), When::live},
      {"limits", "body_seconds",
       number<Config>(COFFER_FIELD(limits.connections.deadlines.body), 1, 600), When::live},
      {"limits", "write_seconds",
       number<Config>(COFFER_FIELD(limits.connections.deadlines.write), 1, 600), When::live},
      {"limits", "workers", number<Config>(COFFER_FIELD(limits.workers), 1, 64)},
      {"limits", "queue", number<Config>(COFFER_FIELD(limits.queue), 1, 65536)},
      {"limits", "slow_workers", number<Config>(COFFER_FIELD(limits.slow_workers), 1, 64)},
      {"limits", "slow_queue", number<Config>(COFFER_FIELD(limits.slow_queue), 1, 65536)},
      {"leases", "max_total", number<Config>(COFFER_FIELD(leases.max_total), 1, kMostLeases)},
      {"leases", "max_per_role", number<Config>(COFFER_FIELD(leases.max_per_role), 1, kMostLeases)},
      {"leases", "max_per_owner",
       number<Config>(COFFER_FIELD(leases.max_per_owner), 1, kMostLeases)},
      {"process", "user", text<Config>(COFFER_FIELD(process.user), any_text)},
      {"process", "group", text<Config>(COFFER_FIELD(process.group), any_text)},
      {"process", "allow_root", flag<Config>(COFFER_FIELD(process.allow_root))},
      {"log", "level", choice<Config>(COFFER_FIELD(log_level), levels), When::live},
  };
}

}  // namespace

std::span<const Field<Config>> config_fields() {
  static const std::vector<Field<Config>> all = [] {
    std::vector<Field<Config>> fields = vault_and_token();
    for (Field<Config>& field : limits_and_process()) fields.push_back(std::move(field));
    return fields;
  }();
  return all;
}

std::span<const Field<ListenerConfig>> listener_fields() {
  static const std::vector<Field<ListenerConfig>> all = {
      {"listener", "path", text<ListenerConfig>(COFFER_FIELD(path), socket_path), When::required},
      {"listener",
       "mode",
       {set_mode, same<ListenerConfig>(COFFER_FIELD(mode)), show_mode},
       When::live},
      {"listener", "group", text<ListenerConfig>(COFFER_FIELD(group), any_text), When::live},
      {"listener", "max_connections",
       number<ListenerConfig>(COFFER_FIELD(max_connections), 1, 65536), When::live},
  };
  return all;
}

std::span<const Field<programs::Program>> program_fields() {
  using programs::Program;
  static const std::vector<Field<Program>> all = {
      {"rotation_program", "name", text<Program>(COFFER_FIELD(name), program_name), When::required},
      {"rotation_program", "path", text<Program>(COFFER_FIELD(path), absolute_path),
       When::required},
      {"rotation_program", "secrets", patterns<Program>(COFFER_FIELD(secrets)), When::required},
      {"rotation_program", "user", text<Program>(COFFER_FIELD(user), any_text)},
      {"rotation_program", "deadline_seconds", number<Program>(COFFER_FIELD(deadline), 1, 600)},
  };
  return all;
}

}  // namespace coffer::daemon
