#include "secret_places.h"

#include "static_roles.h"
#include "targets.h"

namespace coffer::engines::database {
namespace {

using Place = std::optional<engine::SecretPlace>;

Result<Place> administrators(engine::SealedTransaction& tx, const Uuid& mount,
                             std::string_view connection, std::uint64_t version) {
  COFFER_TRY(const Uuid id, parse_uuid(connection));
  COFFER_TRY(const auto found, read_connection(tx, mount, id));
  if (!found) return Place();
  const std::string& name = found->row.name;
  return Place({.path = "config/" + name,
                .name = name,
                .kind = "connection",
                .pending = found->row.password.pending == version});
}

Result<Place> static_roles(engine::SealedTransaction& tx, const Uuid& mount, std::string_view name,
                           std::uint64_t version) {
  COFFER_TRY(const auto found, find_static(tx, mount, name));
  if (!found) return Place();
  return Place({.path = "static-creds/" + std::string(name),
                .name = std::string(name),
                .kind = "static_role",
                .pending = found->role.password.pending == version});
}

}  // namespace

Result<Place> secret_place(engine::SealedTransaction& tx, const Uuid& mount,
                           const engine::SecretContext& secret) {
  const std::string_view path = secret.path;
  if (path.starts_with(kAdminPath)) {
    return administrators(tx, mount, path.substr(kAdminPath.size()), secret.version);
  }
  if (path.starts_with(kStaticPath)) {
    return static_roles(tx, mount, path.substr(kStaticPath.size()), secret.version);
  }
  return Place();
}

}  // namespace coffer::engines::database
