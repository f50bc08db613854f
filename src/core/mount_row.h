// A mount as it is stored: docs/formats/settings.md. Private to the room.
#pragma once

#include <string>

#include "coffer/engine/engine.h"

namespace coffer::core {

/// The rooms' own rows stand under the nil uuid; numbers are part of the format.
inline constexpr envelope::Space kMountSpace{.mount = {}, .table = 2};

[[nodiscard]] envelope::RowName mount_row(const Uuid& mount);
[[nodiscard]] std::string encode_mount(const engine::Mount& mount);
/// `corrupt` for anything but what encode_mount() gives, now or in format 1.
[[nodiscard]] Result<engine::Mount> decode_mount(std::string_view row);

}  // namespace coffer::core
