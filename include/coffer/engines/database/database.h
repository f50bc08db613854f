// The engine `database`: users of databases that are made when asked for and end with their lease,
// and users that are there already and get another password regularly. docs/database.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coffer/connectors/target.h"
#include "coffer/engine/engine.h"
#include "coffer/lifecycle/due.h"
#include "coffer/lifecycle/leases.h"
#include "coffer/lifecycle/passwords.h"
#include "coffer/lifecycle/rotator.h"

namespace coffer::engines::database {

/// What it leans on; all of it outlives the engine.
struct Parts {
  envelope::SealedStore& store;
  lifecycle::Leases& leases;
  /// Commits by itself, beside the Door (docs/decisions/0023). False: it lost a race.
  std::function<Result<bool>(store::Transaction)> commit;
  lifecycle::MakePassword make_password;
  const Clock& clock;
  Uuid vault;  ///< whose users they are: names tell
  /// Tests put a database of their own in its place.
  std::function<Result<std::unique_ptr<connectors::Target>>(connectors::TargetConfig)> make_target =
      connectors::make_target;
  /// The mount of a database engine at this path ("database/"); nullopt: there is none.
  std::function<Result<std::optional<Uuid>>(engine::SealedTransaction&, std::string_view path)>
      find_mount{};
  /// As it is now; nullopt: it is gone.
  std::function<Result<std::optional<engine::Mount>>(engine::SealedTransaction&, const Uuid&)>
      mount_of{};
  /// All mounts of a database engine.
  std::function<Result<std::vector<Uuid>>(engine::SealedTransaction&)> mounts{};
  /// unavailable: nothing is to be changed in a database for now, whoever asks (leases ask by
  /// themselves, due rows aren't taken).
  std::function<Result<void>()> may_reach_outside = [] { return Result<void>(); };
};

/// The names of a mount's configurations.
[[nodiscard]] Result<std::vector<std::string>> configuration_names(engine::SealedTransaction& tx,
                                                                   const Uuid& mount);

/// Adds its kind of lease, its kinds of due rows, and the rotator "database". The engine outlives
/// the use of each.
[[nodiscard]] std::unique_ptr<engine::Engine> make_engine(Parts parts,
                                                          lifecycle::Handlers& handlers,
                                                          lifecycle::Rotators& rotators);

}  // namespace coffer::engines::database
