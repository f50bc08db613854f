// The three settings that a key and its mount both have.
#pragma once

#include "mount_config.h"

namespace coffer::engines::kv {

/// What a request sets; nullopt: not given.
struct Settings {
  std::optional<std::uint32_t> max_versions;
  std::optional<bool> cas_required;
  std::optional<std::chrono::seconds> delete_version_after;
};

/// invalid_argument names the field. With `null_resets` a null sets a setting to its default, else
/// it counts as not given.
[[nodiscard]] Result<Settings> read_settings(const model::Fields& fields, bool null_resets);

/// `target`: a KeyMetadata or a KvConfig.
template <typename Target>
void apply(const Settings& settings, Target& target) {
  if (settings.max_versions) target.max_versions = *settings.max_versions;
  if (settings.cas_required) target.cas_required = *settings.cas_required;
  if (settings.delete_version_after) target.delete_version_after = *settings.delete_version_after;
}

/// Is `name` there with the value null?
[[nodiscard]] bool is_null(const model::Fields& fields, std::string_view name);

}  // namespace coffer::engines::kv
