// Where a key's rows stand (docs/formats/kv.md). Table numbers are part of the format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/engine/engine.h"

namespace coffer::engines::kv {

inline constexpr std::uint16_t kMetadataTable = 1;  ///< a row a key, under its folder
inline constexpr std::uint16_t kFolderTable = 2;    ///< a row a folder, under its parent folder
inline constexpr std::uint16_t kVersionTable = 3;   ///< a sealed secret a version, under its key
inline constexpr std::uint16_t kConfigTable = 4;    ///< one row a mount

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
