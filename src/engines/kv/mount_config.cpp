#include "mount_config.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::engines::kv {
namespace {

constexpr std::uint8_t kFormat = 1;

}  // namespace

std::string encode(const KvConfig& config) {
  Writer row;
  row.u8(kFormat).u32(config.max_versions).u8(config.cas_required ? 1 : 0);
  row.u64(static_cast<std::uint64_t>(config.delete_version_after.count()));
  return std::string(as_text(row.view()));
}

Result<KvConfig> decode_config(std::string_view text) {
  Reader row(as_bytes(text));
  KvConfig config;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFormat) return make_error(ErrorCode::corrupt, "unknown format of a mount's row");
  COFFER_TRY(config.max_versions, row.u32());
  COFFER_TRY(const std::uint8_t cas_required, row.u8());
  config.cas_required = cas_required != 0;
  COFFER_TRY(const std::uint64_t delete_after, row.u64());
  config.delete_version_after = std::chrono::seconds(static_cast<std::int64_t>(delete_after));
  COFFER_CHECK(row.finish());
  return config;
}

Result<StoredConfig> load_config(const View& view) {
  COFFER_TRY(const std::optional<engine::OpenedRow> row, view.tx.read(config_row(view.mount)));
  if (!row) return StoredConfig{};
  COFFER_TRY(KvConfig config, decode_config(row->value));
  return StoredConfig{config, row->version};
}

Result<void> save_config(const View& view, const StoredConfig& stored) {
  return view.tx.write(config_row(view.mount), encode(stored.config),
                       stored.row_version == 0 ? engine::Expect::absent()
                                               : engine::Expect::unchanged(stored.row_version));
}

std::uint32_t max_versions(const KeyMetadata& key, const KvConfig& mount) {
  if (key.max_versions != 0) return key.max_versions;
  return mount.max_versions != 0 ? mount.max_versions : kDefaultMaxVersions;
}

WallTime deletion_time(const KeyMetadata& key, const KvConfig& mount, WallTime now) {
  constexpr std::chrono::seconds kNone{0};
  if (key.delete_version_after < kNone) return {};
  const auto of_mount = std::max(mount.delete_version_after, kNone);
  const auto of_key = key.delete_version_after;
  if (of_mount == kNone && of_key == kNone) return {};
  if (of_mount == kNone) return now + of_key;
  return now + (of_key == kNone ? of_mount : std::min(of_key, of_mount));
}

}  // namespace coffer::engines::kv
