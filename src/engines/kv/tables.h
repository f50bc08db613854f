// Where a key's rows stand (docs/formats/kv.md). Table numbers are part of the format.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/engine/engine.h"

namespace coffer::engines::kv {

inline constexpr std::uint16_t kMetadataTable = 1;  ///< a row a key, under its folder
inline constexpr std::uint16_t kFolderTable = 2;    ///< a row a folder, under its parent folder
inline constexpr std::uint16_t kVersionTable = 3;   ///< a sealed secret a version, under its key
inline constexpr std::uint16_t kConfigTable = 4;    ///< one row a mount
inline constexpr std::uint16_t kRotationTable =
    5;  ///< a row a key that is rotated, as kMetadataTable
inline constexpr std::uint16_t kPendingTable = 6;  ///< a sealed secret, while there is a new value
inline constexpr std::string_view kPendingPath = "pending//";  ///< before what that is bound to

/// "app/db" -> folder "app/", name "db".
struct KeyName {
  std::string folder;
  std::string name;
};
[[nodiscard]] inline KeyName split_key(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, std::string(path)};
  return {std::string(path.substr(0, slash + 1)), std::string(path.substr(slash + 1))};
}

[[nodiscard]] inline engine::RowName metadata_row(const Uuid& mount, std::string_view path) {
  KeyName key = split_key(path);
  return {{mount, kMetadataTable}, std::move(key.folder), std::move(key.name)};
}

[[nodiscard]] inline engine::RowName version_row(const Uuid& mount, std::string_view path,
                                                 std::uint64_t version) {
  return {{mount, kVersionTable}, std::string(path), std::to_string(version)};
}

[[nodiscard]] inline engine::RowName rotation_row(const Uuid& mount, std::string_view path) {
  KeyName key = split_key(path);
  return {{mount, kRotationTable}, std::move(key.folder), std::move(key.name)};
}

[[nodiscard]] inline engine::RowName pending_row(const Uuid& mount, std::string_view path) {
  KeyName key = split_key(path);
  return {{mount, kPendingTable}, std::move(key.folder), std::move(key.name)};
}

/// No path of a secret has two slashes in a row, so none is bound to the same. The run's first
/// bytes stand for a version: the value of an earlier run doesn't open in place of this one's.
[[nodiscard]] inline engine::SecretContext pending_context(const Uuid& mount, std::string_view path,
                                                           const Uuid& run) {
  std::uint64_t version = 0;
  for (std::size_t i = 0; i < sizeof(version); ++i) version = version << 8U | run.bytes[i];
  return {mount, std::string(kPendingPath) + std::string(path), version};
}
/// The secret whose new value is bound to this; nullopt: it is bound to a version.
[[nodiscard]] inline std::optional<std::string> pending_path(const engine::SecretContext& secret) {
  if (!std::string_view(secret.path).starts_with(kPendingPath)) return std::nullopt;
  return secret.path.substr(kPendingPath.size());
}

[[nodiscard]] inline engine::RowName config_row(const Uuid& mount) {
  return {{mount, kConfigTable}, {}, "config"};
}

/// "a/b/c" lies in "b/" under "a/", and in "a/" under "".
[[nodiscard]] inline std::vector<engine::RowName> folder_rows(const Uuid& mount,
                                                              std::string_view path) {
  std::vector<engine::RowName> rows;
  std::size_t start = 0;
  for (auto slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', start)) {
    rows.push_back({{mount, kFolderTable},
                    std::string(path.substr(0, start)),
                    std::string(path.substr(start, slash + 1 - start))});
    start = slash + 1;
  }
  return rows;
}

}  // namespace coffer::engines::kv
