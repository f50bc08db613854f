// The configuration of cofferd, typed. docs/coffer.toml shows every key with its default; a test
// holds that file against this one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "audit_rules.h"
#include "coffer/audit/log.h"
#include "coffer/base/log.h"
#include "coffer/lifecycle/lease_counts.h"
#include "coffer/pkcs11/supervisor_protocol.h"
#include "coffer/programs/programs.h"
#include "connection_limits.h"

namespace coffer::daemon {

/// Relative paths are under `directory`.
struct VaultSettings {
  std::string directory = "/var/lib/coffer";
  std::string store = "store.db";
  std::string audit = "audit";
  std::string signer = "signer.pem";
  std::string backups = "backups";
  audit::Durability audit_durability = audit::Durability::power;
  AuditRules audit_rules{};
  std::size_t cache_entries = 4096;
  std::chrono::seconds cache_age{60};
  std::chrono::seconds cache_grace{0};
  bool auto_unseal = true;

  [[nodiscard]] std::string path_of(const std::string& name) const {
    return name.starts_with('/') ? name : directory + "/" + name;
  }
  bool operator==(const VaultSettings&) const = default;
};

enum class PinFrom : std::uint8_t { credential, file, operator_entry };

struct TokenSettings {
  std::string module;  ///< required
  std::string uri;     ///< required
  PinFrom pin_from = PinFrom::credential;
  std::string pin_credential = "pin";  ///< name under $CREDENTIALS_DIRECTORY
  std::string pin_file{};
  std::size_t max_sessions = 8;
  std::chrono::milliseconds session_wait{1000};
  std::chrono::milliseconds call_deadline{5000};
  bool accept_low_pin_count = false;
  std::string sync_directory{};
  std::string softhsm2_conf{};
  std::string worker_user{};  ///< empty: the daemon's own
  pkcs11::Confinement seccomp = pkcs11::Confinement::local;
  std::string profile = "auto";
  std::string init_string{};
  bool accept_insecure_token = false;
  std::map<std::string, std::string> environment{};
  bool operator==(const TokenSettings&) const = default;
};

struct LimitSettings {
  ConnectionLimits connections{};
  std::size_t workers = 2;
  std::size_t queue = 256;  ///< requests that wait for a worker
  std::size_t slow_workers = 16;
  std::size_t slow_queue = 64;
  bool operator==(const LimitSettings&) const = default;
};

struct LeaseSettings {
  std::size_t max_total = lifecycle::LeaseLimits{}.total;
  std::size_t max_per_role = lifecycle::LeaseLimits{}.per_role;
  std::size_t max_per_owner = lifecycle::LeaseLimits{}.per_owner;
  bool operator==(const LeaseSettings&) const = default;
};

struct ProcessSettings {
  std::string user{};   ///< empty: whoever starts it
  std::string group{};  ///< empty: the user's own
  bool allow_root = false;
  bool operator==(const ProcessSettings&) const = default;
};

struct Config {
  VaultSettings vault{};
  TokenSettings token{};
  std::vector<ListenerConfig> listeners{};  ///< one at least
  LimitSettings limits{};
  LeaseSettings leases{};
  ProcessSettings process{};
  std::vector<programs::Program> programs{};  ///< that rotations may run, by name
  log::Level log_level = log::Level::info;
  bool operator==(const Config&) const = default;
};

/// What is wrong with one key, or with the file as a whole. Never holds a value.
struct ConfigProblem {
  std::size_t line = 0;  ///< 0: of the whole file
  std::string key{};     ///< "token.uri", "listener[0].mode"; empty: of the whole file
  std::string text{};
};

/// "FILE:LINE: KEY: TEXT", without the parts that there aren't.
[[nodiscard]] std::string describe(const std::string& file, const ConfigProblem& problem);

struct ParsedConfig {
  Config config{};
  std::vector<ConfigProblem> problems{};  ///< by line; if there is one, `config` is of no use
};

/// Reads nothing but `text`: all that is wrong with it at once.
[[nodiscard]] ParsedConfig parse_config(std::string_view text);

/// Every key that parse_config knows, in the order of docs/coffer.toml; "listener[].path".
[[nodiscard]] std::vector<std::string> known_config_keys();

}  // namespace coffer::daemon
