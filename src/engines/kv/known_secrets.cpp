// What a key's row says of its versions: for those that go over all that there is.
#include "handlers.h"
#include "key_metadata.h"
#include "tables.h"

namespace coffer::engines::kv {

/// A deleted version can be undeleted, so it is there; a destroyed one isn't.
Result<std::vector<engine::KnownSecret>> known_secrets(const engine::RowName& row,
                                                       std::string_view value) {
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
