// The rows of the engine, as values (docs/formats/database.md).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/uuid.h"

namespace coffer::engines::database {

using Strings = std::vector<std::string>;

/// A password that changes: which version is in force, and which one may be, for it was sent. At
/// most one is on its way: it is sent again until the database takes it or refuses it, so however
/// late a statement takes effect there, one of these two logs in.
struct Versions {
  std::uint64_t current = 0;  ///< 0: there is no password
  std::uint64_t pending = 0;  ///< 0: none
  std::uint64_t last = 0;     ///< the highest ever given: none is given twice

  void start() noexcept { pending = ++last; }
  void promote() noexcept {
    current = pending;
    pending = 0;
  }
};

/// What a configuration says. It outlives its name, as long as leases may refer to it.
struct Connection {
  std::string name;
  WallTime retired{};  ///< epoch: its name stands
  std::string plugin;
  std::string url;
  std::string username;
  std::uint32_t max_connections = 4;
  std::string persistence_mode;
  bool verify = true;
  Strings allowed_roles;
  std::string password_policy;
  std::string username_template;
  Strings root_rotation_statements;
  Versions password;
  WallTime last_rotation{};  ///< epoch: never
  std::string tls_ca{};      ///< certificates in PEM; empty: as the URL says
};

struct Role {
  std::string db_name;
  std::chrono::seconds default_ttl{0};  ///< 0: the mount's
  std::chrono::seconds max_ttl{0};
  Strings creation;
  Strings revocation;
  Strings rollback;
  Strings renew;
  std::string password_policy{};  ///< empty: the connection's
};

struct StaticRole {
  std::string db_name;
  std::string username;
  std::string alternate{};            ///< the other of two users in turn; empty: there is one
  bool alternate_is_current = false;  ///< whose the password in force is
  std::string rotated_by{};           ///< the KV secret that rotates it; empty: its period does
  std::chrono::seconds period{0};
  Strings rotation;
  Versions password;
  WallTime last_rotation{};
  WallTime next_rotation{};
  std::uint32_t failures = 0;     ///< since the last that went well
  std::string password_policy{};  ///< empty: the connection's

  [[nodiscard]] const std::string& current_user() const noexcept {
    return alternate_is_current ? alternate : username;
  }
  /// Whose password is changed next. Of two the one that nobody is told of now, so that who has the
  /// other's goes on; the alternate first, so that the first one is told in the end.
  [[nodiscard]] const std::string& next_user() const noexcept {
    return alternate.empty() || alternate_is_current ? username : alternate;
  }
  void promote() noexcept {
    alternate_is_current = !alternate.empty() && !alternate_is_current;
    password.promote();
  }
};

/// Of a Role or a StaticRole.
template <typename AnyRole>
[[nodiscard]] const std::string& password_policy_of(const Connection& connection,
                                                    const AnyRole& role) noexcept {
  return role.password_policy.empty() ? connection.password_policy : role.password_policy;
}

/// All that the end of a lease needs.
struct Payload {
  Uuid mount;
  Uuid connection;
  std::string username;
  Strings revocation;
  Strings renew;
};

[[nodiscard]] std::string encode(const Connection& connection);
[[nodiscard]] std::string encode(const Role& role);
[[nodiscard]] std::string encode(const StaticRole& role);
[[nodiscard]] std::string encode(const Payload& payload);
[[nodiscard]] std::string encode_name(const Uuid& connection);
[[nodiscard]] Result<Connection> decode_connection(std::string_view value);
[[nodiscard]] Result<Role> decode_role(std::string_view value);
[[nodiscard]] Result<StaticRole> decode_static_role(std::string_view value);
[[nodiscard]] Result<Payload> decode_payload(std::string_view value);
[[nodiscard]] Result<Uuid> decode_name(std::string_view value);

}  // namespace coffer::engines::database
