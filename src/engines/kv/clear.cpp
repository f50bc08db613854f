// What a mount held, cleared after the mount is gone: the innermost folder first, some keys a step.
#include "handlers.h"
#include "key_metadata.h"
#include "rotation_row.h"
#include "tables.h"

namespace coffer::engines::kv {
namespace {

using engine::Expect;

/// Keys of one step. Each is a row, and one more for each version.
constexpr std::size_t kStep = 64;

struct Folder {
  std::string path;       ///< "" is the mount's own
  engine::RowName row{};  ///< in its parent; of no meaning for ""
};

/// The first folder, in no order, that has no folder in it.
Result<Folder> innermost(engine::SealedTransaction& tx, const Uuid& mount) {
  Folder folder;
  for (;;) {
    COFFER_TRY(const auto inner, tx.list_some({mount, kFolderTable}, folder.path, 1));
    if (inner.empty()) return folder;
    folder.row = {{mount, kFolderTable}, folder.path, inner.front().name};
    folder.path += inner.front().name;
  }
}

Result<void> clear_key(engine::SealedTransaction& tx, const Uuid& mount, const Folder& folder,
                       const engine::ListedRow& key) {
  const std::string path = folder.path + key.name;
  COFFER_TRY(const KeyMetadata metadata, decode(key.value));
  for (const auto& [version, state] : metadata.versions) {
    if (!state.destroyed) COFFER_CHECK(tx.erase_secret(version_row(mount, path, version)));
  }
  tx.erase(metadata_row(mount, path), Expect::anything());
  COFFER_CHECK(remove_rotation({tx, mount, {}}, path));
  return {};
}

}  // namespace

Result<bool> clear_mount(engine::SealedTransaction& tx, const engine::Mount& mount) {
  const Uuid& id = mount.uuid;
  COFFER_TRY(const Folder folder, innermost(tx, id));
  COFFER_TRY(const auto keys, tx.list_some({id, kMetadataTable}, folder.path, kStep));
  for (const engine::ListedRow& key : keys) COFFER_CHECK(clear_key(tx, id, folder, key));
  if (keys.size() == kStep) return false;
  if (!folder.path.empty()) {
    tx.erase(folder.row, Expect::anything());
    return false;
  }
  tx.erase(config_row(id), Expect::anything());
  return true;
}

}  // namespace coffer::engines::kv
