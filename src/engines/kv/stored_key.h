// A key as it stands in the store: its metadata, its versions, the folders that it shows in.
#pragma once

#include "mount_config.h"

namespace coffer::engines::kv {

/// A key's metadata together with the version of its row, which a write must find unchanged: that
/// one precondition guards everything that belongs to the key.
struct StoredKey {
  KeyMetadata metadata;
  engine::RowVersion row_version = 0;  ///< 0: there is no such key yet

  [[nodiscard]] bool is_new() const { return row_version == 0; }
};

[[nodiscard]] Result<StoredKey> load(const View& view, std::string_view path);

/// Stages the metadata; a new key's folders too, and the time of its making.
[[nodiscard]] Result<void> save(const View& view, std::string_view path, StoredKey& key);

/// Seals `value` as the next version, drops those beyond the limit, and saves.
[[nodiscard]] Result<void> add_version(const View& view, std::string_view path, StoredKey& key,
                                       const KvConfig& config, std::string_view value);

/// Row and data key of one version go; its state stays.
[[nodiscard]] Result<void> destroy(const View& view, std::string_view path, std::uint64_t version,
                                   VersionState& state);

[[nodiscard]] Result<std::string> open_version(const View& view, std::string_view path,
                                               std::uint64_t version);

/// All versions, the metadata, and the folders that are empty then.
[[nodiscard]] Result<void> remove_key(const View& view, std::string_view path, StoredKey& key);

/// invalid_argument unless `path` can name a secret: not empty, no slash at its end.
[[nodiscard]] Result<void> check_key_path(std::string_view path);

/// What isn't there: 404 with no text.
[[nodiscard]] inline Error no_such_secret() { return make_error(ErrorCode::not_found, ""); }

/// The rows of the key's folders that aren't there.
[[nodiscard]] Result<void> mend_folders(const View& view, std::string_view path);

}  // namespace coffer::engines::kv
