// Mounts in Vault's form. Private to the room.
#pragma once

#include "handlers.h"

namespace coffer::sys {

/// The members of a mount, into an object that is open.
void append_mount(JsonWriter& json, const engine::Mount& mount);

/// The members of its configuration, into an object that is open. Where a mount has no time of its
/// own the system's stands, as in Vault's answer to tune.
void append_config(JsonWriter& json, const engine::MountConfig& config, bool effective);

/// "secret/app" -> "secret/app/". Canonical already but for the slash; invalid_argument if empty.
[[nodiscard]] Result<std::string> mount_path(std::string_view path);

/// The path of a mount as it came in a field and not in the target: checked as a target is.
[[nodiscard]] Result<std::string> canonical_mount(std::string_view field);
/// Whether a mount may be made there: not the vault's own, not above or below another.
[[nodiscard]] Result<void> check_free(const core::MountTable& table, const std::string& path);

/// What a client says of a mount, over what `mount` says now. Names the field that is wrong.
[[nodiscard]] Result<void> apply_config(const model::Fields& fields, engine::Mount& mount);
[[nodiscard]] Result<void> apply_options(const model::Fields& fields, engine::Mount& mount);

}  // namespace coffer::sys
