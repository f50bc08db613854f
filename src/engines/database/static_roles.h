// Static roles: the rotation of a password that a user of the database has for good.
#pragma once

#include <optional>

#include "password_change.h"
#include "paths.h"

namespace coffer::engines::database {

inline constexpr std::string_view kStaticKind = "database_static";

/// Its place in the list of rotations and what is due for it, anew.
[[nodiscard]] Result<void> mend_static(engine::SealedTransaction& tx, const engine::RowName& row,
                                       std::string_view value, WallTime now);

struct StaticFound {
  Uuid mount;
  std::string name;
  StaticRole role;
  engine::RowVersion version = 0;
};

[[nodiscard]] Result<std::optional<StaticFound>> find_static(engine::SealedTransaction& tx,
                                                             const Uuid& mount,
                                                             std::string_view name);
[[nodiscard]] Result<void> save(engine::SealedTransaction& tx, const StaticFound& found);

/// Its path below the mount, by which the list of all rotations has it.
[[nodiscard]] std::string rotation_path(std::string_view name);
/// Stages its place in the list of all rotations, and in what health tells. `trouble`: what the
/// last attempt said. One that a KV secret rotates has none: the secret has.
[[nodiscard]] Result<void> put_in_list(engine::SealedTransaction& tx, const StaticFound& found,
                                       std::string trouble);

/// What an attempt came to. Whoever has it settles it before he lets go of the turn: the next one
/// would take this one's candidate for its own.
struct Attempt {
  ChangeOutcome outcome;
  std::unique_ptr<Targets::Turn> turn;
};

/// To have its password for oneself; unavailable: somebody changes it just now.
[[nodiscard]] Result<std::unique_ptr<Targets::Turn>> take_turn(House& house, const Uuid& mount,
                                                               std::string_view name);
/// Its candidate is on disk, sent, and tried: one attempt. Blocks; commits beside the Door. An
/// error is one from before anything was sent. The request's line must be on disk already.
/// `given`: the candidate, unless another one is on its way; nullptr: one is made.
[[nodiscard]] Result<Attempt> attempt(House& house, const Uuid& mount, std::string_view name,
                                      const SecureBytes* given = nullptr);
/// One of its passwords; `version` isn't 0.
[[nodiscard]] Result<SecureBytes> open_password(engine::SealedTransaction& tx,
                                                const StaticFound& found, std::uint64_t version);
/// Stages what follows from it: the new password is in force, or the next attempt is set.
[[nodiscard]] Result<void> settle(engine::SealedTransaction& tx, const Uuid& mount,
                                  std::string_view name, const ChangeOutcome& outcome,
                                  WallTime now);
/// Stages its end, secrets and all.
[[nodiscard]] Result<void> erase(engine::SealedTransaction& tx, const StaticFound& found);

/// What its changes wait for: the database of its configuration, by the name that leases have it.
[[nodiscard]] Result<std::string> waits_for(engine::SealedTransaction& tx,
                                            const StaticFound& found);
/// The same for a due row.
[[nodiscard]] Result<std::string> waits_for(engine::SealedTransaction& tx,
                                            const lifecycle::Due& due);
/// The planner of its due rows.
[[nodiscard]] Result<std::optional<lifecycle::Errand>> plan(House& house,
                                                            engine::SealedTransaction& tx,
                                                            const lifecycle::Due& due,
                                                            WallTime now);

}  // namespace coffer::engines::database
