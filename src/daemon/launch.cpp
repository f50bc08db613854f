#include "launch.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "coffer/base/log.h"
#include "dev_token.h"
#include "files.h"
#include "pin.h"
#include "privileges.h"

namespace coffer::daemon {
namespace {

VaultConfig vault_config(const Config& config) {
  const VaultSettings& vault = config.vault;
  const TokenSettings& token = config.token;
  VaultConfig made{.token = {.module_path = token.module,
                             .uri = token.uri,
                             .max_sessions = token.max_sessions,
                             .session_wait = token.session_wait,
                             .sync_directory = token.sync_directory,
                             .accept_low_pin_count = token.accept_low_pin_count},
                   .store_path = vault.path_of(vault.store),
                   .audit_directory = vault.path_of(vault.audit),
                   .signer_path = vault.path_of(vault.signer),
                   .root_token_path = vault.path_of(vault.root_token),
                   .audit_durability = vault.audit_durability};
  made.cache = {.entries = vault.cache_entries, .max_age = vault.cache_age};
  return made;
}

ServerConfig server_config(const Config& config) {
  return {.sockets = {config.listeners, config.limits.connections},
          .workers = config.limits.workers,
          .queue = config.limits.queue,
          .started = config};
}

/// The file and the machine, as the user that this is now.
LoadedConfig load_and_check(const std::string& path) {
  LoadedConfig loaded = load_config(path);
  if (loaded.problems.empty()) loaded.problems = check_machine(loaded.config);
  return loaded;
}

bool say_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) log::error(problem);
  return !problems.empty();
}

/// True: all is well. Reads as whoever starts us only to learn who to become: what counts is what
/// the daemon's user can read, for a reload reads it as that user.
bool become_and_load(const std::string& path, LoadedConfig& loaded) {
  loaded = load_config(path);
  if (say_problems(loaded.problems)) return false;
  if (const auto became = become_user(loaded.config.process); !became.ok()) {
    log::error(became.error());
    return false;
  }
  loaded = load_and_check(path);
  return !say_problems(loaded.problems);
}

Result<void> finish(const Config& config, Launch& launch) {
  const std::string& softhsm2_conf = config.token.softhsm2_conf;
  if (!softhsm2_conf.empty() && setenv("SOFTHSM2_CONF", softhsm2_conf.c_str(), 1) != 0) {
    return make_error(ErrorCode::internal, "cannot set SOFTHSM2_CONF");
  }
  if (config.token.pin_from == PinFrom::operator_entry || !config.vault.auto_unseal) {
    return make_error(ErrorCode::precondition, "a start without opening the vault isn't built yet");
  }
  COFFER_TRY(launch.server.passed, take_passed_sockets());
  COFFER_TRY(launch.pin, read_pin(config.token));
  return {};
}

}  // namespace

Result<Launch> launch_dev(const Options& options) {
  const std::string& directory = options.directory;
  log::warn("development vault: its token is software and its PIN stands beside it");
  COFFER_CHECK(ensure_private_directory(directory));
  COFFER_TRY(DevToken token, prepare_dev_token(directory));
  Launch launch;
  launch.pin = std::move(token.pin);
  launch.vault = {.token = std::move(token.config),
                  .store_path = directory + "/store.db",
                  .audit_directory = directory + "/audit",
                  .signer_path = directory + "/signer.pem",
                  .root_token_path = directory + "/root-token",
                  .audit_durability = options.audit_durability};
  launch.vault.cache.max_age = options.cache_age;
  launch.server.sockets.listeners = {{.path = directory + "/coffer.sock"}};
  return launch;
}

std::optional<Launch> launch_config(const Options& options) {
  // Until the server hears it: a reload that comes during the start must not end it.
  std::signal(SIGHUP, SIG_IGN);
  LoadedConfig loaded;
  if (!become_and_load(options.config, loaded)) return std::nullopt;
  const Config& config = loaded.config;
  Launch launch{.vault = vault_config(config), .pin = {}, .server = server_config(config)};
  if (options.check) return launch;
  log::set_level(config.log_level);
  launch.server.load = [path = options.config] { return load_and_check(path); };
  if (const auto finished = finish(config, launch); !finished.ok()) {
    log::error(finished.error());
    return std::nullopt;
  }
  return launch;
}

}  // namespace coffer::daemon
