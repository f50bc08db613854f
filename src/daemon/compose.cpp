#include "compose.h"

#include "coffer/connectors/target.h"
#include "coffer/core/leak_index.h"
#include "coffer/core/leak_job.h"
#include "coffer/core/lease_rules.h"
#include "coffer/core/passwords.h"
#include "coffer/core/rewrap.h"
#include "coffer/core/rotation.h"
#include "coffer/core/unmount.h"
#include "coffer/engines/database/database.h"
#include "coffer/engines/kv/kv.h"
#include "coffer/engines/ssh/ssh.h"
#include "coffer/engines/token/token.h"
#include "coffer/engines/totp/totp.h"
#include "coffer/engines/unix/unix.h"
#include "coffer/lifecycle/effective_time.h"
#include "coffer/sys/sys.h"

namespace coffer::daemon {
namespace {

engine::Mount builtin(std::string_view path, std::string_view type, std::string_view about) {
  return {.path = std::string(path),
          .type = std::string(type),
          .uuid = {},
          .accessor = "auth_" + std::string(type) + "_0",
          .description = std::string(about),
          .options = {}};
}

/// Beside the Door (docs/decisions/0023). False: it lost a race.
std::function<Result<bool>(store::Transaction)> commit_by(store::Store& store) {
  return [&store](store::Transaction staged) -> Result<bool> {
    const store::Transaction all[] = {std::move(staged)};
    COFFER_TRY(const auto outcomes, store.commit(all));
    return outcomes.front() == store::CommitOutcome::committed;
  };
}

/// Ends are left to be done by the clock that requests go by. By a wall clock that was set back
/// they would seem to lie ahead, and wait.
const Clock& clock_of_leases(const Foundation& foundation) {
  const lifecycle::EffectiveTime* const time = foundation.control.time();
  return time == nullptr ? foundation.clock : time->latest();
}

/// `vault` outlives its leases: it holds them.
void add_leases(const Foundation& foundation, core::Unsealed& vault) {
  lifecycle::Leases::Hooks hooks;
  hooks.commit = commit_by(foundation.store);
  hooks.admit = [&vault](envelope::SealedTransaction& tx, const lifecycle::NewLease& wanted,
                         WallTime now) { return core::admit_lease(vault, tx, wanted, now); };
  vault.leases = std::make_unique<lifecycle::Leases>(
      *vault.sealed_store, std::move(hooks), foundation.lease_limits, clock_of_leases(foundation));
  vault.leases->register_handlers(vault.due_handlers);
}

void add_callers(core::Unsealed& vault) {
  vault.tokens = std::make_unique<auth::Tokens>(
      *vault.keyring, [&trail = *vault.trail](std::string& out, std::string_view token) {
        trail.hasher()->append(out, token);
      });
  vault.tokens->own_leases([&leases = *vault.leases](envelope::SealedTransaction& tx,
                                                     std::string_view owner, WallTime now,
                                                     std::size_t most) {
    return leases.end_owned(tx, owner, now, most);
  });
  vault.tokens->register_handlers(vault.due_handlers);
  vault.unix_roles = std::make_unique<auth::UnixRoles>(*vault.keyring);
}

/// For leases and rotations, which know their mount by its id alone.
Result<std::optional<engine::Mount>> mount_of(core::Unsealed& vault, engine::SealedTransaction& tx,
                                              const Uuid& mount) {
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  for (const core::MountTable::Entry& entry : table->all()) {
    if (!entry.builtin && entry.mount.uuid == mount) return std::optional(entry.mount);
  }
  return std::optional<engine::Mount>();
}

Result<std::optional<std::string>> path_of(core::Unsealed& vault, engine::SealedTransaction& tx,
                                           const Uuid& id) {
  COFFER_TRY(auto mount, mount_of(vault, tx, id));
  if (!mount) return std::optional<std::string>();
  COFFER_CHECK(vault.mounts->hold(tx));
  return std::optional(std::move(mount->path));
}

/// For rotations that name a static role by its path.
Result<std::optional<Uuid>> find_database(core::Unsealed& vault, engine::SealedTransaction& tx,
                                          std::string_view path) {
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  for (const core::MountTable::Entry& entry : table->all()) {
    const bool it = !entry.builtin && entry.mount.type == "database" && entry.mount.path == path;
    if (it) return std::optional(entry.mount.uuid);
  }
  return std::optional<Uuid>();
}

Result<std::vector<Uuid>> databases(core::Unsealed& vault, engine::SealedTransaction& tx) {
  COFFER_TRY(const auto table, vault.mounts->table(tx));
  std::vector<Uuid> mounts;
  for (const core::MountTable::Entry& entry : table->all()) {
    if (!entry.builtin && entry.mount.type == "database") mounts.push_back(entry.mount.uuid);
  }
  return mounts;
}

Result<void> add_kv(const Foundation& foundation, core::Unsealed& vault) {
  vault.rotators.add("generate", lifecycle::make_generate_rotator());
  if (foundation.programs != nullptr) {
    vault.rotators.add("exec", programs::make_exec_rotator(*foundation.programs));
  }
  COFFER_TRY(auto kv,
             engines::kv::make_engine(
                 {.rotators = vault.rotators,
                  .make_password = core::make_password_by,
                  .mount_path = [&vault](engine::SealedTransaction& tx,
                                         const Uuid& mount) { return path_of(vault, tx, mount); }},
                 vault.due_handlers));
  vault.engines.serve("kv", std::move(kv), core::Engines::Kind::secrets);
  return {};
}

void add_engines(const Foundation& foundation, core::Unsealed& vault) {
  using Kind = core::Engines::Kind;
  const auto keys_changed = [&vault] { vault.key_work = true; };
  vault.engines.serve("ssh", engines::ssh::make_engine(*vault.token, keys_changed), Kind::secrets);
  engines::ssh::register_handlers(vault.due_handlers, *vault.token, keys_changed);
  vault.engines.serve("totp", engines::totp::make_engine(), Kind::secrets);
  vault.engines.serve("token", engines::token::make_engine(*vault.tokens), Kind::builtin);
  vault.engines.serve("unix", engines::unix_peer::make_engine(*vault.unix_roles), Kind::builtin);
  vault.engines.serve(
      "system",
      sys::make_engine({foundation.state, foundation.control, foundation.clock, foundation.module}),
      Kind::builtin);
  vault.engines.serve(
      "database",
      engines::database::make_engine(
          {.store = *vault.sealed_store,
           .leases = *vault.leases,
           .commit = commit_by(foundation.store),
           .make_password = core::make_password_by,
           .clock = foundation.clock,
           .vault = vault.keyring->vault(),
           .make_target = connectors::make_target,
           .find_mount = [&vault](engine::SealedTransaction& tx,
                                  std::string_view path) { return find_database(vault, tx, path); },
           .mount_of = [&vault](engine::SealedTransaction& tx,
                                const Uuid& mount) { return mount_of(vault, tx, mount); },
           .mounts = [&vault](engine::SealedTransaction& tx) { return databases(vault, tx); },
           .may_reach_outside = [&vault] { return core::may_reach_outside(vault); }},
          vault.due_handlers, vault.rotators),
      Kind::secrets);
  core::register_clearing(vault);
  core::register_leak_job(vault);
  core::register_rewrap(vault);
  core::register_rotation(vault);
}

Result<void> add_tables(core::Unsealed& vault) {
  COFFER_TRY(const auto tx, vault.sealed_store->begin());
  COFFER_TRY(vault.mounts, core::Mounts::make(*tx, vault.engines));
  vault.mounts->add_builtin(sys::mount());
  vault.mounts->add_builtin(builtin("auth/token/", "token", "token based credentials"));
  vault.mounts->add_builtin(builtin("auth/unix/", "unix", "peers of the Unix socket"));
  COFFER_TRY(vault.policies, core::Policies::make(*tx));
  core::add_leak_index(vault);
  return {};
}

}  // namespace

Result<std::shared_ptr<core::Unsealed>> compose(const Foundation& foundation,
                                                const envelope::CacheConfig& cache,
                                                std::unique_ptr<pkcs11::Token> token,
                                                std::unique_ptr<envelope::Keyring> keyring,
                                                std::shared_ptr<envelope::RowSums> sums) {
  auto vault = std::make_shared<core::Unsealed>();
  vault->row_sums = std::move(sums);
  vault->token = std::move(token);
  vault->keyring = std::move(keyring);
  COFFER_TRY(vault->sealed_store,
             envelope::open_sealed_store(*vault->keyring, *vault->token, foundation.store, cache,
                                         foundation.clock));
  COFFER_TRY(auto hasher, core::make_hasher(*vault->keyring));
  vault->trail =
      std::make_unique<audit::Trail>(foundation.log, std::move(hasher), foundation.clock);
  add_leases(foundation, *vault);
  add_callers(*vault);
  COFFER_CHECK(add_kv(foundation, *vault));
  add_engines(foundation, *vault);
  COFFER_CHECK(add_tables(*vault));
  COFFER_CHECK(vault->leases->load(foundation.clock.wall()));
  return vault;
}

}  // namespace coffer::daemon
