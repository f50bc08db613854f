#include "stored_key.h"

#include <algorithm>

#include "rotation_row.h"

namespace coffer::engines::kv {
namespace {

using engine::Expect;

/// A new key shows in its folder, and that in its own, up to the mount. Folder rows are written
/// whether they are there or not: that bumps their version, and so makes whoever removes an empty
/// folder at the same time lose the race and look again.
Result<void> add_folders(const View& view, std::string_view path) {
  for (const engine::RowName& folder : folder_rows(view.mount, path)) {
    COFFER_CHECK(view.tx.write(folder, {}, Expect::anything()));
  }
  return {};
}

Result<bool> is_empty(const View& view, std::string_view folder) {
  for (const std::uint16_t table : {kMetadataTable, kFolderTable}) {
    COFFER_TRY(const auto rows, view.tx.list_some({view.mount, table}, folder, 1));
    if (!rows.empty()) return false;
  }
  return true;
}

/// From the innermost outwards, as far as they are empty. One that isn't is written again: of two
/// who remove its last two keys at once, each of whom still sees the other's, one has to look
/// again.
Result<void> remove_folders(const View& view, std::string_view path) {
  std::vector<engine::RowName> folders = folder_rows(view.mount, path);
  std::reverse(folders.begin(), folders.end());
  for (const engine::RowName& folder : folders) {
    COFFER_TRY(const auto row, view.tx.read(folder));
    if (!row) continue;
    COFFER_TRY(const bool empty, is_empty(view, folder.parent + folder.name));
    if (!empty) return view.tx.write(folder, {}, Expect::unchanged(row->version));
    view.tx.erase(folder, Expect::unchanged(row->version));
  }
  return {};
}

/// Versions beyond the limit are destroyed: row and data key go.
Result<void> drop_oldest(const View& view, std::string_view path, KeyMetadata& metadata,
                         std::uint32_t limit) {
  while (metadata.versions.size() > limit) {
    const auto oldest = metadata.versions.begin();
    COFFER_CHECK(destroy(view, path, oldest->first, oldest->second));
    metadata.versions.erase(oldest);
  }
  return {};
}

}  // namespace

Result<void> mend_folders(const View& view, std::string_view path) {
  for (const engine::RowName& folder : folder_rows(view.mount, path)) {
    COFFER_CHECK(engine::put_if_missing(view.tx, folder));
  }
  return {};
}

Result<StoredKey> load(const View& view, std::string_view path) {
  COFFER_TRY(const std::optional<engine::OpenedRow> row,
             view.tx.read(metadata_row(view.mount, path)));
  if (!row) return StoredKey{};
  COFFER_TRY(KeyMetadata metadata, decode(row->value));
  return StoredKey{std::move(metadata), row->version};
}

Result<void> save(const View& view, std::string_view path, StoredKey& key) {
  key.metadata.updated = view.now;
  if (key.is_new()) {
    key.metadata.created = view.now;
    COFFER_CHECK(add_folders(view, path));
  }
  return view.tx.write(metadata_row(view.mount, path), encode(key.metadata),
                       key.is_new() ? Expect::absent() : Expect::unchanged(key.row_version));
}

Result<void> add_version(const View& view, std::string_view path, StoredKey& key,
                         const KvConfig& config, std::string_view value) {
  KeyMetadata& metadata = key.metadata;
  const std::uint64_t version = ++metadata.current_version;
  metadata.versions[version] = {.created = view.now,
                                .deletion = deletion_time(metadata, config, view.now)};
  COFFER_CHECK(view.tx.seal_secret(version_row(view.mount, path, version),
                                   {view.mount, std::string(path), version}, value));
  COFFER_CHECK(drop_oldest(view, path, metadata, max_versions(metadata, config)));
  return save(view, path, key);
}

Result<void> destroy(const View& view, std::string_view path, std::uint64_t version,
                     VersionState& state) {
  if (state.destroyed) return {};
  COFFER_CHECK(view.tx.erase_secret(version_row(view.mount, path, version)));
  state.destroyed = true;
  return {};
}

Result<std::string> open_version(const View& view, std::string_view path, std::uint64_t version) {
  return view.tx.open_secret(version_row(view.mount, path, version),
                             {view.mount, std::string(path), version});
}

Result<void> remove_key(const View& view, std::string_view path, StoredKey& key) {
  COFFER_TRY(const StoredRotation rotation, load_rotation(view, path));
  if (holds_a_value(rotation.rotation.state)) {
    return make_error(ErrorCode::precondition,
                      "a new value is being set and may be in force already; read it with "
                      "stage=pending, end the rotation with force=true, then delete the secret");
  }
  for (auto& [version, state] : key.metadata.versions) {
    COFFER_CHECK(destroy(view, path, version, state));
  }
  view.tx.erase(metadata_row(view.mount, path), Expect::unchanged(key.row_version));
  COFFER_CHECK(remove_rotation(view, path));
  return remove_folders(view, path);
}

Result<void> check_key_path(std::string_view path) {
  if (path.empty()) return make_error(ErrorCode::invalid_argument, "missing path of the secret");
  if (path.ends_with('/')) {
    return make_error(ErrorCode::invalid_argument, "path of a secret must not end in a slash");
  }
  return {};
}

}  // namespace coffer::engines::kv
