#include "config_file.h"

#include <sys/stat.h>

#include "coffer/crypto/signer.h"
#include "file_rules.h"
#include "files.h"
#include "pin.h"

namespace coffer::daemon {
namespace {

class Checks final {
 public:
  explicit Checks(const Config& config) : config_(config) {}

  std::vector<std::string> run() {
    check_vault();
    check_token();
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) check_listener(i);
    return std::move(problems_);
  }

 private:
  void note(const std::string& key, const Result<void>& checked) {
    if (!checked.ok()) problems_.push_back(key + ": " + checked.error().text);
  }

  void check_vault() {
    const VaultSettings& vault = config_.vault;
    note("vault.directory", check_private_directory(vault.directory));
    const std::string store = vault.path_of(vault.store);
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      note("vault.store", check_private_file(store + suffix));
    }
    note("vault.store", check_private_directory(directory_of(store)));
    note("vault.audit", check_audit_directory(vault.path_of(vault.audit)));
    note("vault.backups", check_private_directory_if_there(vault.path_of(vault.backups)));
    note("vault.signer", check_trusted_file_if_there(vault.path_of(vault.signer)));
  }

  void check_token() {
    const TokenSettings& token = config_.token;
    note("token.module", check_module(token.module));
    if (token.pin_from == PinFrom::file) note("token.pin_file", check_secret_file(token.pin_file));
    if (!token.softhsm2_conf.empty()) {
      note("token.softhsm2_conf", check_trusted_file(token.softhsm2_conf));
    }
    if (!token.sync_directory.empty()) {
      note("token.sync_directory", check_is_directory(token.sync_directory));
    }
  }

  void check_listener(std::size_t index) {
    const ListenerConfig& listener = config_.listeners[index];
    const std::string key = "listener[" + std::to_string(index) + "]";
    note(key + ".path", check_trusted_directory(directory_of(listener.path)));
    if (!listener.group.empty()) note(key + ".group", check_group_of_ours(listener.group));
  }

  const Config& config_;
  std::vector<std::string> problems_;
};

/// The first start makes it.
Result<void> check_signer_if_there(const std::string& path) {
  const auto pem = read_file(path);
  if (!pem.ok() && pem.error().code == ErrorCode::not_found) return {};
  if (!pem.ok()) return pem.error();
  const auto key = crypto::spki_from_pem(*pem);
  if (key.ok() && crypto::signature_size(*key).ok()) return {};
  return make_error(ErrorCode::precondition,
                    path + " isn't a public key of a vault (PEM; P-256, or RSA of 2048 bits up)");
}

}  // namespace

LoadedConfig load_config(const std::string& path) {
  LoadedConfig loaded;
  if (const auto trusted = check_trusted_file(path); !trusted.ok()) {
    loaded.problems.push_back(path + ": " + trusted.error().text);
    return loaded;
  }
  const auto text = read_file(path);
  if (!text.ok()) {
    loaded.problems.push_back(path + ": " + text.error().text);
    return loaded;
  }
  ParsedConfig parsed = parse_config(*text);
  for (const ConfigProblem& problem : parsed.problems) {
    loaded.problems.push_back(describe(path, problem));
  }
  loaded.config = std::move(parsed.config);
  return loaded;
}

std::vector<std::string> check_machine(const Config& config) { return Checks(config).run(); }

std::vector<std::string> check_contents(const Config& config) {
  std::vector<std::string> problems;
  const auto note = [&](const char* key, const Error& error) {
    problems.push_back(std::string(key) + ": " + error.text);
  };
  const auto signer = check_signer_if_there(config.vault.path_of(config.vault.signer));
  if (!signer.ok()) note("vault.signer", signer.error());
  if (config.token.pin_from != PinFrom::file) return problems;
  if (const auto pin = read_pin(config.token); !pin.ok()) note("token.pin_file", pin.error());
  return problems;
}

}  // namespace coffer::daemon
