// What a start needs to know, however it was told: by a directory or by a configuration.
#pragma once

#include "coffer/pkcs11/supervisor.h"
#include "options.h"
#include "server.h"

namespace coffer::daemon {

struct Launch {
  /// Of the token's processes; outlives the vault.
  std::unique_ptr<pkcs11::Supervisor> supervisor{};
  /// What rotations may run; null: nothing. Outlives the vault.
  std::unique_ptr<programs::Runner> programs{};
  VaultConfig vault;
  ServerConfig server;
  /// What the start itself does about the seal.
  std::function<Result<void>(Vault&)> open;
};

/// `cofferd dev`: makes what isn't there. Forks, as launch_config(): before any thread starts.
[[nodiscard]] Result<Launch> launch_dev(const Options& options);

/// `cofferd --config`: reads it, becomes its user, reads it again as that user, and checks the
/// machine. Writes all that is wrong to the log; nullopt then. Before any thread starts.
[[nodiscard]] std::optional<Launch> launch_config(const Options& options);

/// Of either kind, for what is done without serving, the vault and the token's processes alone:
/// reads, becomes the user, checks; nullopt: what is wrong is in the log. The PIN isn't asked for
/// yet.
[[nodiscard]] std::optional<Launch> launch_offline(const Options& options);

}  // namespace coffer::daemon
