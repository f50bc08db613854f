// What a key's row says of its versions: for those that go over all that there is.
#include "handlers.h"
#include "key_metadata.h"
#include "rotation_row.h"
#include "tables.h"

namespace coffer::engines::kv {

namespace {

/// The new value of a rotation that is under way.
Result<std::vector<engine::KnownSecret>> pending_value(const engine::RowName& row,
                                                       std::string_view value) {
  COFFER_TRY(const Rotation rotation, decode_rotation(value));
  std::vector<engine::KnownSecret> secrets;
  if (!rotation.state.pending) return secrets;
  const std::string path = row.parent + row.name;
  secrets.push_back({pending_row(row.space.mount, path),
                     pending_context(row.space.mount, path, rotation.state.run)});
  return secrets;
}

}  // namespace

/// A deleted version can be undeleted, so it is there; a destroyed one isn't.
Result<std::vector<engine::KnownSecret>> known_secrets(const engine::RowName& row,
                                                       std::string_view value) {
  if (row.space.table == kRotationTable) return pending_value(row, value);
  std::vector<engine::KnownSecret> secrets;
  if (row.space.table != kMetadataTable) return secrets;
  COFFER_TRY(const KeyMetadata metadata, decode(value));
  const std::string path = row.parent + row.name;
  for (const auto& [version, state] : metadata.versions) {
    if (state.destroyed) continue;
    secrets.push_back({version_row(row.space.mount, path, version),
                       {.mount = row.space.mount, .path = path, .version = version}});
  }
  return secrets;
}

}  // namespace coffer::engines::kv
