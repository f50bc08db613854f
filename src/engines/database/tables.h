// Where the engine's rows stand (docs/formats/database.md). Table numbers are part of the format.
#pragma once

#include <string>
#include <string_view>

#include "coffer/engine/engine.h"

namespace coffer::engines::database {

inline constexpr std::uint16_t kNameTable = 1;        ///< a configuration's name: its connection
inline constexpr std::uint16_t kConnectionTable = 2;  ///< a row a connection, by its uuid
inline constexpr std::uint16_t kAdminTable = 3;       ///< secrets: administrators' passwords
inline constexpr std::uint16_t kRoleTable = 4;
inline constexpr std::uint16_t kStaticTable = 5;
inline constexpr std::uint16_t kStaticSecretTable = 6;  ///< secrets: static roles' passwords

// What a secret is bound to starts with one of these; its connection's uuid or its role follows.
inline constexpr std::string_view kAdminPath = "connection/";
inline constexpr std::string_view kStaticPath = "static/";

[[nodiscard]] inline engine::RowName name_row(const Uuid& mount, std::string_view name) {
  return {{mount, kNameTable}, {}, std::string(name)};
}
[[nodiscard]] inline engine::RowName connection_row(const Uuid& mount, const Uuid& connection) {
  return {{mount, kConnectionTable}, {}, to_string(connection)};
}
[[nodiscard]] inline engine::RowName admin_row(const Uuid& mount, const Uuid& connection,
                                               std::uint64_t version) {
  return {{mount, kAdminTable}, to_string(connection) + "/", std::to_string(version)};
}
[[nodiscard]] inline engine::SecretContext admin_context(const Uuid& mount, const Uuid& connection,
                                                         std::uint64_t version) {
  return {
      .mount = mount, .path = std::string(kAdminPath) + to_string(connection), .version = version};
}
[[nodiscard]] inline engine::RowName role_row(const Uuid& mount, std::string_view name) {
  return {{mount, kRoleTable}, {}, std::string(name)};
}
[[nodiscard]] inline engine::RowName static_row(const Uuid& mount, std::string_view name) {
  return {{mount, kStaticTable}, {}, std::string(name)};
}
[[nodiscard]] inline engine::RowName static_secret_row(const Uuid& mount, std::string_view name,
                                                       std::uint64_t version) {
  return {{mount, kStaticSecretTable}, std::string(name) + "/", std::to_string(version)};
}
[[nodiscard]] inline engine::SecretContext static_context(const Uuid& mount, std::string_view name,
                                                          std::uint64_t version) {
  return {.mount = mount, .path = std::string(kStaticPath).append(name), .version = version};
}

}  // namespace coffer::engines::database
