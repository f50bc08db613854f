// What a mount says for all of its keys: the row of table kConfigTable (docs/formats/kv.md).
#pragma once

#include "key_metadata.h"
#include "tables.h"
#include "view.h"

namespace coffer::engines::kv {

inline constexpr std::uint32_t kDefaultMaxVersions = 10;

struct KvConfig {
  std::uint32_t max_versions = 0;  ///< 0: kDefaultMaxVersions
  bool cas_required = false;
  std::chrono::seconds delete_version_after{0};  ///< 0 or negative: none
};

[[nodiscard]] std::string encode(const KvConfig& config);
/// `corrupt` for anything but what encode() gives.
[[nodiscard]] Result<KvConfig> decode_config(std::string_view row);

/// With the version of its row, which a write must find unchanged; 0: there is no row yet.
struct StoredConfig {
  KvConfig config;
  engine::RowVersion row_version = 0;
};
[[nodiscard]] Result<StoredConfig> load_config(const View& view);
[[nodiscard]] Result<void> save_config(const View& view, const StoredConfig& stored);

/// How many versions a key keeps: its own say, then the mount's.
[[nodiscard]] std::uint32_t max_versions(const KeyMetadata& key, const KvConfig& mount);
/// When a version that is written at `now` deletes itself; the epoch: never. The shorter time wins,
/// and a key can opt out.
[[nodiscard]] WallTime deletion_time(const KeyMetadata& key, const KvConfig& mount, WallTime now);

}  // namespace coffer::engines::kv
