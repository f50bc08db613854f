#include "config.h"

#include <algorithm>
#include <map>
#include <set>

#include "coffer/pkcs11/token.h"
#include "config_fields.h"

namespace coffer::daemon {
namespace {

constexpr std::string_view kListener = "listener";
constexpr std::string_view kProgram = "rotation_program";
/// Of listeners, and of programs.
constexpr std::size_t kMaxRepeated = 64;
constexpr std::size_t kMaxShownName = 64;

/// A name that may stand in a log. Anything else may be a value on the wrong side.
bool is_plain_name(const std::string& name) {
  return name.size() <= kMaxShownName && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

std::string shown_key(const ConfigEntry& entry) {
  return is_plain_name(entry.table) && is_plain_name(entry.name) ? entry.key() : "?";
}

class Reader final {
 public:
  ParsedConfig read(std::string_view text) {
    auto parsed = model::read_toml(text);
    if (const auto* mistake = std::get_if<TomlMistake>(&parsed)) {
      add(mistake->line, "", "isn't TOML (column " + std::to_string(mistake->column) + ")");
      return std::move(result_);
    }
    for (const ConfigEntry& entry : std::get<std::vector<ConfigEntry>>(parsed)) take(entry);
    check_required();
    check_listeners();
    check_programs();
    check_vault_paths();
    check_witness();
    check_token();
    check_limits();
    std::stable_sort(
        result_.problems.begin(), result_.problems.end(),
        [](const ConfigProblem& a, const ConfigProblem& b) { return a.line < b.line; });
    return std::move(result_);
  }

 private:
  void add(std::size_t line, std::string key, std::string text) {
    result_.problems.push_back({line, std::move(key), std::move(text)});
  }

  /// For rules over several keys: at the line of the key, if it stands in the file.
  void add_at(const std::string& key, std::string text) { add(lines_[key], key, std::move(text)); }

  template <typename Settings>
  void set(std::span<const Field<Settings>> fields, Settings& settings, const ConfigEntry& entry) {
    for (const Field<Settings>& field : fields) {
      if (field.table != entry.table || field.name != entry.name) continue;
      lines_[entry.key()] = entry.line;
      std::string problem = field.rule.set(settings, entry.value);
      if (!problem.empty()) add(entry.line, entry.key(), std::move(problem));
      return;
    }
    add(entry.line, shown_key(entry), "unknown key");
  }

  static bool stands_often(const std::string& table) {
    return table == kListener || table == kProgram;
  }

  void take(const ConfigEntry& entry) {
    if (std::holds_alternative<TableStart>(entry.value)) return start_table(entry);
    if (!stands_often(entry.table)) {
      if (entry.repeated || unknown_.contains(entry.table)) return;
      return set(config_fields(), result_.config, entry);
    }
    if (!entry.repeated) return;  // said at its start
    if (entry.table == kListener) {
      return take_one(listener_fields(), result_.config.listeners, entry);
    }
    take_one(program_fields(), result_.config.programs, entry);
  }

  template <typename Settings>
  void take_one(std::span<const Field<Settings>> fields, std::vector<Settings>& all,
                const ConfigEntry& entry) {
    if (entry.index < all.size()) set(fields, all[entry.index], entry);
  }

  template <typename Settings>
  void start_one(std::vector<Settings>& all, const ConfigEntry& entry) {
    if (!entry.repeated) {
      return add(entry.line, entry.table, "must be written as [[" + entry.table + "]]");
    }
    if (entry.index == kMaxRepeated) {
      add(entry.line, entry.key(), "is one too many: 64 are allowed");
    }
    if (entry.index < kMaxRepeated) all.emplace_back();
  }

  void start_table(const ConfigEntry& entry) {
    lines_.try_emplace(entry.key(), entry.line);
    if (entry.table == kListener) return start_one(result_.config.listeners, entry);
    if (entry.table == kProgram) return start_one(result_.config.programs, entry);
    const auto fields = config_fields();
    const bool known = std::any_of(fields.begin(), fields.end(),
                                   [&](const auto& field) { return field.table == entry.table; });
    if (!known) {
      unknown_.insert(entry.table);
      return add(entry.line, shown_key(entry), "unknown table");
    }
    if (entry.repeated && entry.index == 0) {
      add(entry.line, entry.table, "must be written as [" + entry.table + "]");
    }
  }

  void check_required() {
    for (const auto& field : config_fields()) {
      const std::string key = field.table + "." + field.name;
      if (field.when == When::required && !lines_.contains(key))
        add(lines_[field.table], key, "is missing");
    }
    check_required_of(listener_fields(), result_.config.listeners, kListener);
    check_required_of(program_fields(), result_.config.programs, kProgram);
  }

  template <typename Settings>
  void check_required_of(std::span<const Field<Settings>> fields, const std::vector<Settings>& all,
                         std::string_view name) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const auto& field : fields) {
        const std::string table = indexed(name, i);
        const std::string key = table + "." + field.name;
        if (field.when == When::required && !lines_.contains(key))
          add(lines_[table], key, "is missing");
      }
    }
  }

  static std::string indexed(std::string_view table, std::size_t index) {
    return std::string(table) + "[" + std::to_string(index) + "]";
  }

  void check_listeners() {
    const auto& listeners = result_.config.listeners;
    if (listeners.empty()) add(0, "listener", "is missing: without a socket nobody can ask");
    std::set<std::string> paths;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (!listeners[i].path.empty() && !paths.insert(listeners[i].path).second) {
        add_at(indexed(kListener, i) + ".path", "is the path of another listener too");
      }
    }
  }

  void check_programs() {
    std::set<std::string> names;
    const auto& all = result_.config.programs;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].name.empty() && !names.insert(all[i].name).second) {
        add_at(indexed(kProgram, i) + ".name", "is the name of another program too");
      }
    }
  }

  /// Two things at one path would overwrite each other.
  void check_vault_paths() {
    const VaultSettings& vault = result_.config.vault;
    std::set<std::string> paths;
    const std::pair<const char*, const std::string*> all[] = {{"vault.store", &vault.store},
                                                              {"vault.audit", &vault.audit},
                                                              {"vault.signer", &vault.signer},
                                                              {"vault.backups", &vault.backups}};
    for (const auto& [key, path] : all) {
      if (!paths.insert(vault.path_of(*path)).second) {
        add_at(key, "is the path of another file of the vault too");
      }
    }
  }

  void check_witness() {
    const AuditRules& rules = result_.config.vault.audit_rules;
    if (!rules.witness_key.empty() && rules.witness_url.empty()) {
      add_at("vault.audit_witness_key", "is given, but there is no vault.audit_witness_url");
    }
    if (!rules.witness_ca.empty() && !rules.witness_url.starts_with("https://")) {
      add_at("vault.audit_witness_ca",
             "is given, but vault.audit_witness_url doesn't start with https://");
    }
  }

  void check_token() {
    const TokenSettings& token = result_.config.token;
    if (!token.uri.empty()) {
      // The text of a URI may hold a PIN where none may be: the error doesn't quote it.
      const auto checked = pkcs11::check_token_uri(token.uri);
      if (!checked.ok()) add_at("token.uri", checked.error().text);
    }
    if (token.pin_from == PinFrom::file && token.pin_file.empty()) {
      add_at("token.pin_file", "is missing: token.pin_from says that the PIN is there");
    }
    if (token.pin_from != PinFrom::file && !token.pin_file.empty()) {
      add_at("token.pin_file", "is given, but token.pin_from isn't \"file\"");
    }
  }

  void check_limits() {
    const ConnectionLimits& limits = result_.config.limits.connections;
    if (limits.max_per_uid > limits.max_connections) {
      add_at("limits.max_connections_per_uid", "must not be over limits.max_connections");
    }
  }

  ParsedConfig result_;
  std::map<std::string, std::size_t> lines_;  ///< of the keys and tables that are in the file
  std::set<std::string> unknown_;             ///< tables: said once, not for each key
};

}  // namespace

std::string describe(const std::string& file, const ConfigProblem& problem) {
  std::string text = file + ":";
  if (problem.line != 0) text += std::to_string(problem.line) + ":";
  text += " ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.text;
}

ParsedConfig parse_config(std::string_view text) { return Reader().read(text); }

std::vector<std::string> known_config_keys() {
  std::vector<std::string> keys;
  for (const auto& field : config_fields()) keys.push_back(field.table + "." + field.name);
  for (const auto& field : listener_fields()) keys.push_back(field.table + "[]." + field.name);
  for (const auto& field : program_fields()) keys.push_back(field.table + "[]." + field.name);
  return keys;
}

}  // namespace coffer::daemon
