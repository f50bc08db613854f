#include "claims.h"

#include <algorithm>

namespace coffer::engines::database {
namespace {

using engine::SealedTransaction;

/// One that nobody can make out is its connection's alone.
std::string server_of(const Found& connection) {
  const auto kind = kind_of(connection.row.plugin);
  if (!kind) return to_string(connection.id);
  const auto address = connectors::address_of(*kind, connection.row.url);
  if (!address.ok()) return to_string(connection.id);
  return std::to_string(static_cast<int>(*kind)) + " " + *address;
}

Result<std::vector<Uuid>> mounts_with(const House& house, SealedTransaction& tx, const Uuid& own) {
  if (!house.parts.mounts) return std::vector{own};
  COFFER_TRY(auto mounts, house.parts.mounts(tx));
  if (std::find(mounts.begin(), mounts.end(), own) == mounts.end()) mounts.push_back(own);
  return mounts;
}

}  // namespace

Result<std::vector<Found>> of_one_server(const House& house, SealedTransaction& tx,
                                         const Found& connection) {
  const std::string server = server_of(connection);
  std::vector<Found> all{connection};
  COFFER_TRY(const auto mounts, mounts_with(house, tx, connection.mount));
  for (const Uuid& mount : mounts) {
    COFFER_TRY(const auto names, configuration_names(tx, mount));
    for (const std::string& name : names) {
      COFFER_TRY(auto other, find_connection(tx, mount, name));
      const bool same = other && other->id != connection.id && server_of(*other) == server;
      if (same) all.push_back(*std::move(other));
    }
  }
  return all;
}

Result<bool> is_of_static_role(SealedTransaction& tx, const std::vector<Found>& connections,
                               std::string_view user, std::string_view except) {
  if (user.empty()) return false;
  for (const Found& connection : connections) {
    COFFER_TRY(const auto rows, tx.list({connection.mount, kStaticTable}, ""));
    for (const engine::ListedRow& row : rows) {
      if (connection.mount == connections.front().mount && row.name == except) continue;
      COFFER_TRY(const StaticRole role, decode_static_role(row.value));
      const bool has =
          role.db_name == connection.row.name && (role.username == user || role.alternate == user);
      if (has) return true;
    }
  }
  return false;
}

Result<std::optional<std::string>> shares_administrator(const House& house, SealedTransaction& tx,
                                                        const Found& connection) {
  COFFER_TRY(const auto all, of_one_server(house, tx, connection));
  for (const Found& other : all) {
    const bool shares = other.id != connection.id && other.row.username == connection.row.username;
    if (shares) return std::optional(other.row.name);
  }
  return std::optional<std::string>();
}

std::unique_ptr<Targets::Turn> hold_users(House& house, const Found& connection) {
  // Whoever sets a house up writes ten at once, each of which takes some tens of milliseconds.
  constexpr std::chrono::seconds kPatience{10};
  return house.targets.take_turn("users of " + server_of(connection), kPatience);
}

}  // namespace coffer::engines::database
