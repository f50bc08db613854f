#include "retired.h"

#include <algorithm>
#include <set>

#include "coffer/lifecycle/rotation_index.h"
#include "static_roles.h"

namespace coffer::engines::database {
namespace {

using engine::Expect;
using engine::SealedTransaction;

constexpr std::chrono::seconds kSystemLongest = std::chrono::hours(768);
constexpr std::chrono::seconds kLookAgain = std::chrono::hours(1);
constexpr std::string_view kSecondLook = "/again";
constexpr std::size_t kStep = 64;
/// Each look opens all leases there are, so more at once than of rows.
constexpr std::size_t kLeases = 256;
constexpr std::size_t kConnections = 4096;

std::string due_id(const Found& found) {
  return to_string(found.mount) + "/" + to_string(found.id);
}

Result<std::pair<Uuid, Uuid>> ids_of(std::string_view id) {
  const auto slash = id.find('/');
  if (slash == std::string_view::npos) return make_error(ErrorCode::corrupt, "a due row's id");
  COFFER_TRY(const Uuid mount, parse_uuid(id.substr(0, slash)));
  COFFER_TRY(const Uuid connection, parse_uuid(id.substr(slash + 1)));
  return std::pair(mount, connection);
}

std::set<std::string> targets_of(const std::vector<Found>& connections) {
  std::set<std::string> targets;
  for (const Found& connection : connections) targets.insert(target_name(connection));
  return targets;
}

/// Of any of them.
Result<bool> have_pending_ends(const House& house, SealedTransaction& tx,
                               const std::set<std::string>& targets) {
  COFFER_TRY(const auto ending, house.parts.leases.ends().targets(tx));
  return std::any_of(ending.begin(), ending.end(), [&](const lifecycle::EndTarget& target) {
    return targets.contains(target.name) && target.pending + target.precautions > 0;
  });
}

Result<void> erase_connection(SealedTransaction& tx, const Found& found) {
  for (const std::uint64_t version : {found.row.password.current, found.row.password.pending}) {
    if (version != 0) COFFER_CHECK(tx.erase_secret(admin_row(found.mount, found.id, version)));
  }
  tx.erase(connection_row(found.mount, found.id), Expect::unchanged(found.version));
  return {};
}

/// Whatever path they bear: those of a mount that was moved keep the one they were issued at. True:
/// none is left.
Result<bool> end_leases(const House& house, SealedTransaction& tx,
                        const std::set<std::string>& targets) {
  COFFER_TRY(const auto leases, lifecycle::Leases::of_targets(tx, targets, kLeases));
  for (const lifecycle::Lease& lease : leases) {
    COFFER_CHECK(house.parts.leases.end(tx, lease, house.parts.clock.wall()));
  }
  return leases.empty();
}

Result<std::vector<Found>> some_connections(SealedTransaction& tx, const Uuid& mount,
                                            std::size_t most) {
  COFFER_TRY(const auto rows, tx.list_some({mount, kConnectionTable}, "", most));
  std::vector<Found> connections;
  for (const engine::ListedRow& row : rows) {
    COFFER_TRY(const Uuid id, parse_uuid(row.name));
    COFFER_TRY(auto found, read_connection(tx, mount, id));
    if (found) connections.push_back(*std::move(found));
  }
  return connections;
}

/// Before anything else goes: a mount may have more rows than its users should have to wait for.
/// True: none is left, for now; what is issued until its names are gone is looked for again.
Result<bool> end_leases_first(const House& house, SealedTransaction& tx, const Uuid& mount) {
  COFFER_TRY(const auto names, tx.list_some({mount, kNameTable}, "", 1));
  if (names.empty()) return true;
  COFFER_TRY(const auto connections, some_connections(tx, mount, kConnections));
  return end_leases(house, tx, targets_of(connections));
}

/// Rows of one table, and the secrets that they name. True: the table is empty.
Result<bool> clear_table(SealedTransaction& tx, const Uuid& mount, std::uint16_t table) {
  COFFER_TRY(const auto rows, tx.list_some({mount, table}, "", kStep));
  for (const engine::ListedRow& row : rows) {
    if (table == kStaticTable) {
      lifecycle::drop_rotation(tx, mount, rotation_path(row.name));
      COFFER_TRY(const StaticRole role, decode_static_role(row.value));
      for (const std::uint64_t version : {role.password.current, role.password.pending}) {
        if (version != 0)
          COFFER_CHECK(tx.erase_secret(static_secret_row(mount, row.name, version)));
      }
    }
    tx.erase({{mount, table}, {}, row.name}, Expect::anything());
  }
  return rows.empty();
}

}  // namespace

std::chrono::seconds longest_lease(const engine::Mount& mount) {
  const auto of_mount = mount.config.max_lease_ttl;
  return of_mount.count() > 0 ? of_mount : kSystemLongest;
}

Result<bool> is_leased(const House& house, SealedTransaction& tx, const Found& connection) {
  const std::set<std::string> target{target_name(connection)};
  COFFER_TRY(const bool pending, have_pending_ends(house, tx, target));
  if (pending) return true;
  COFFER_TRY(const auto leases, lifecycle::Leases::of_targets(tx, target, 1));
  return !leases.empty();
}

Result<void> retire(engine::Context& context, Found found) {
  found.row.retired = context.now;
  COFFER_CHECK(save(context.tx, found));
  const WallTime over = context.now + std::max(longest_lease(context.mount), kSystemLongest);
  return lifecycle::schedule(context.tx, kRetiredKind, due_id(found), over, context.now);
}

/// Two looks, an hour apart: leases that expired in the same minute as this row came due, or while
/// the vault was down or paused, have become pending ends by the second one.
Result<void> end_retired(House& house, SealedTransaction& tx, const lifecycle::Due& due,
                         WallTime now) {
  const bool second = due.id.ends_with(kSecondLook);
  const std::string id = due.id.substr(0, due.id.size() - (second ? kSecondLook.size() : 0));
  COFFER_TRY(const auto ids, ids_of(id));
  COFFER_TRY(const auto found, read_connection(tx, ids.first, ids.second));
  if (!found || found->row.retired == WallTime()) return {};
  COFFER_TRY(const bool needed, is_leased(house, tx, *found));
  if (needed || !second) {
    const std::string next = needed ? id : id + std::string(kSecondLook);
    return lifecycle::schedule(tx, kRetiredKind, next, now + kLookAgain, now);
  }
  house.targets.forget(found->id);
  return erase_connection(tx, *found);
}

Result<bool> clear_mount(House& house, SealedTransaction& tx, const engine::Mount& mount) {
  COFFER_TRY(const bool first, end_leases_first(house, tx, mount.uuid));
  if (!first) return false;
  for (const std::uint16_t table : {kNameTable, kRoleTable, kStaticTable}) {
    COFFER_TRY(const bool empty, clear_table(tx, mount.uuid, table));
    if (!empty) return false;
  }
  COFFER_TRY(const std::vector<Found> connections, some_connections(tx, mount.uuid, kStep));
  if (connections.empty()) return true;
  const std::set<std::string> targets = targets_of(connections);
  COFFER_TRY(const bool ended, end_leases(house, tx, targets));
  if (!ended) return false;
  COFFER_TRY(const bool needed, have_pending_ends(house, tx, targets));
  if (needed) return make_error(ErrorCode::unavailable, "leases of the mount are still ending");
  for (const Found& connection : connections) {
    house.targets.forget(connection.id);
    COFFER_CHECK(erase_connection(tx, connection));
  }
  return connections.size() < kStep;
}

}  // namespace coffer::engines::database
