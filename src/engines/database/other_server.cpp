#include "other_server.h"

#include "fields.h"
#include "retired.h"

namespace coffer::engines::database {
namespace {

/// As far as the URLs say.
bool is_same_server(const Connection& before, const Connection& row) {
  const auto kind = kind_of(row.plugin);
  if (before.url == row.url || !kind) return before.url == row.url;
  const auto old_address = connectors::address_of(*kind, before.url);
  const auto address = connectors::address_of(*kind, row.url);
  return old_address.ok() && address.ok() && *old_address == *address;
}

Result<bool> has_static_roles(engine::SealedTransaction& tx, const Found& connection) {
  COFFER_TRY(const auto rows, tx.list({connection.mount, kStaticTable}, ""));
  for (const engine::ListedRow& row : rows) {
    COFFER_TRY(const StaticRole role, decode_static_role(row.value));
    if (role.db_name == connection.row.name) return true;
  }
  return false;
}

}  // namespace

Result<void> check_kind_stays(const Connection& before, const Connection& row) {
  if (before.plugin.empty() || kind_of(before.plugin) == kind_of(row.plugin)) return {};
  return bad_field("plugin_name", "can't become another database's: make another configuration");
}

Result<bool> leads_elsewhere(const House& house, const model::Fields& fields, const Found& before,
                             const Connection& row) {
  if (before.version == 0 || is_same_server(before.row, row)) return false;
  // What the store says now, not when this request began.
  COFFER_TRY(const auto tx, house.parts.store.begin());
  COFFER_TRY(const bool leased, is_leased(house, *tx, before));
  COFFER_TRY(const bool has_roles, has_static_roles(*tx, before));
  if (!leased && !has_roles) return true;
  return bad_field(fields.has("connection_url") ? "connection_url" : "host",
                   "is another server's, and this one's leases or static roles are there still: "
                   "make another configuration, or say server_moved=true if they are on the other "
                   "server too");
}

}  // namespace coffer::engines::database
