#include "launch.h"

#include <unistd.h>

#include <csignal>

#include "coffer/base/log.h"
#include "dev_token.h"
#include "files.h"
#include "pin.h"
#include "privileges.h"

namespace coffer::daemon {
namespace {

constexpr std::string_view kTokenProgram = "coffer-token";
constexpr std::string_view kExecProgram = "coffer-exec";
constexpr const char* kAttemptsFile = "/pin-attempts";

VaultConfig vault_config(const Config& config) {
  const VaultSettings& vault = config.vault;
  const TokenSettings& token = config.token;
  VaultConfig made{.token = {.module_path = token.module,
                             .uri = token.uri,
                             .max_sessions = token.max_sessions,
                             .session_wait = token.session_wait,
                             .call_deadline = token.call_deadline,
                             .sync_directory = token.sync_directory,
                             .accept_low_pin_count = token.accept_low_pin_count,
                             .profile = token.profile,
                             .init_string = token.init_string,
                             .accept_insecure_token = token.accept_insecure_token},
                   .source = {},
                   .store_path = vault.path_of(vault.store),
                   .audit_directory = vault.path_of(vault.audit),
                   .signer_path = vault.path_of(vault.signer),
                   .backup_directory = vault.path_of(vault.backups),
                   .audit_durability = vault.audit_durability,
                   .audit = vault.audit_rules};
  made.cache = {.entries = vault.cache_entries, .max_age = vault.cache_age};
  made.cache_grace = vault.cache_grace;
  made.leases = {.total = config.leases.max_total,
                 .per_role = config.leases.max_per_role,
                 .per_owner = config.leases.max_per_owner};
  made.token_callers = config.limits.workers;  // there is one more (server.cpp)
  if (token.pin_from != PinFrom::operator_entry) {
    made.pin = [token] { return read_pin(token); };
  }
  return made;
}

ServerConfig server_config(const Config& config) {
  return {.sockets = {config.listeners, config.limits.connections},
          .workers = config.limits.workers,
          .queue = config.limits.queue,
          .slow_workers = config.limits.slow_workers,
          .slow_queue = config.limits.slow_queue,
          .started = config};
}

/// A vault that isn't made yet, or whose PIN an operator brings, waits for sys/init or sys/unseal.
Result<void> open_if_made(Vault& vault) {
  if (!vault.state().vault() || !vault.has_pin()) return {};
  return vault.unseal(nullptr);
}

/// A development vault is made at its first start; a start that was cut short is repeated.
Result<void> open_or_make(Vault& vault) {
  if (vault.state().vault()) {
    Result<void> opened = vault.unseal(nullptr);
    if (opened.ok() || opened.error().code != ErrorCode::precondition) return opened;
  }
  const auto made = vault.initialise(nullptr, std::nullopt, std::nullopt);
  return made.ok() ? Result<void>() : Result<void>(made.error());
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

/// The token's processes, started as whoever this is now: root can make them other users'.
Result<std::unique_ptr<pkcs11::Supervisor>> start_supervisor(const Config& config) {
  const TokenSettings& token = config.token;
  pkcs11::SupervisorConfig wanted;
  COFFER_TRY(wanted.program, pkcs11::program_beside_this(kTokenProgram));
  wanted.settings.confinement = token.seccomp;
  COFFER_CHECK(choose_worker_user(config.process, token.worker_user, wanted.settings));
  if (!token.softhsm2_conf.empty()) {
    wanted.settings.environment = {"SOFTHSM2_CONF=" + token.softhsm2_conf};
  }
  for (const auto& [name, value] : token.environment) {
    wanted.settings.environment.push_back(name + "=" + value);
  }
  wanted.attempts_path = config.vault.directory + kAttemptsFile;
  return pkcs11::Supervisor::start(wanted);
}

/// Likewise, for the programs of rotations; none listed, none started.
Result<std::unique_ptr<programs::Runner>> start_programs(const Config& config) {
  if (config.programs.empty()) return std::unique_ptr<programs::Runner>();
  COFFER_TRY(const std::string helper, pkcs11::program_beside_this(kExecProgram));
  // Who starts us may be root: a program without a user of its own is the daemon's user's.
  std::vector<programs::Program> all = config.programs;
  for (programs::Program& program : all) {
    if (program.user.empty()) program.user = config.process.user;
  }
  return programs::start_runner(helper, all);
}

/// What is started before the change of user.
struct Helpers {
  std::unique_ptr<pkcs11::Supervisor> supervisor;
  std::unique_ptr<programs::Runner> programs;
};

Result<void> start_helpers(const Config& config, bool with_programs, Helpers& helpers) {
  COFFER_TRY(helpers.supervisor, start_supervisor(config));
  if (with_programs) {
    COFFER_TRY(helpers.programs, start_programs(config));
  }
  return {};
}

/// True: all is well. Reads as whoever starts us only to learn who to become: what counts is what
/// the daemon's user can read, for a reload reads it as that user.
bool become_and_load(const Options& options, LoadedConfig& loaded, bool with_programs,
                     Helpers& helpers) {
  loaded = load_config(options.config);
  if (say_problems(loaded.problems)) return false;
  if (!options.check) {
    const auto started = start_helpers(loaded.config, with_programs, helpers);
    if (!started.ok()) {
      log::error(started.error());
      return false;
    }
  }
  if (const auto became = become_user(loaded.config.process); !became.ok()) {
    log::error(became.error());
    return false;
  }
  loaded = load_and_check(options.config);
  return !say_problems(loaded.problems);
}

Result<void> finish(const Config& config, Launch& launch) {
  COFFER_TRY(launch.server.passed, take_passed_sockets());
  // Not kept: whether it is there at all should show now, and not when it is needed.
  if (launch.vault.pin) {
    COFFER_TRY([[maybe_unused]] const SecureBytes pin, launch.vault.pin());
  }
  if (config.vault.auto_unseal) launch.open = open_if_made;
  return {};
}

}  // namespace

Result<Launch> launch_dev(const Options& options) {
  const std::string& directory = options.directory;
  log::warn("development vault: its token is software and its PIN stands beside it");
  COFFER_CHECK(ensure_private_directory(directory));
  COFFER_TRY(DevToken token, prepare_dev_token(directory));
  Launch launch;
  pkcs11::SupervisorConfig wanted;
  COFFER_TRY(wanted.program, pkcs11::program_beside_this(kTokenProgram));
  wanted.settings.environment = token.environment;
  wanted.attempts_path = directory + kAttemptsFile;
  COFFER_TRY(launch.supervisor, pkcs11::Supervisor::start(wanted));
  COFFER_CHECK(make_dev_token(directory, token, *launch.supervisor));
  launch.vault = {.token = std::move(token.config),
                  .source = launch.supervisor->source(),
                  .store_path = directory + "/store.db",
                  .audit_directory = directory + "/audit",
                  .signer_path = directory + "/signer.pem",
                  .backup_directory = directory + "/backups",
                  .audit_durability = options.audit_durability};
  launch.vault.cache.max_age = options.cache_age;
  launch.vault.audit.sign = !options.audit_unsigned;
  launch.vault.pin = [path = directory + "/pin"] { return read_secret_file(path); };
  launch.vault.root_token_path = directory + "/root-token";
  launch.vault.mount_secret = true;
  launch.open = open_or_make;
  launch.server.sockets.listeners = {{.path = directory + "/coffer.sock"}};
  return launch;
}

std::optional<Launch> launch_config(const Options& options) {
  // Until the server hears it: a reload that comes during the start must not end it.
  std::signal(SIGHUP, SIG_IGN);
  LoadedConfig loaded;
  Helpers helpers;
  if (!become_and_load(options, loaded, true, helpers)) return std::nullopt;
  const Config& config = loaded.config;
  if (options.check && say_problems(check_contents(config))) return std::nullopt;
  Launch launch{.supervisor = std::move(helpers.supervisor),
                .programs = std::move(helpers.programs),
                .vault = vault_config(config),
                .server = server_config(config),
                .open = [](Vault&) { return Result<void>(); }};
  if (options.check) return launch;
  launch.vault.source = launch.supervisor->source();
  launch.vault.programs = launch.programs.get();
  log::set_level(config.log_level);
  launch.server.load = [path = options.config] { return load_and_check(path); };
  if (const auto finished = finish(config, launch); !finished.ok()) {
    log::error(finished.error());
    return std::nullopt;
  }
  return launch;
}

std::optional<Launch> launch_offline(const Options& options) {
  if (options.config.empty()) {
    auto launch = launch_dev(options);
    if (launch.ok()) return *std::move(launch);
    log::error(launch.error());
    return std::nullopt;
  }
  LoadedConfig loaded;
  Launch launch;
  Helpers helpers;
  if (!become_and_load(options, loaded, false, helpers)) return std::nullopt;
  launch.supervisor = std::move(helpers.supervisor);
  launch.vault = vault_config(loaded.config);
  launch.vault.source = launch.supervisor->source();
  return launch;
}

}  // namespace coffer::daemon
