// Files beside the log that somebody else may have put there: what isn't a regular file is never
// waited for, read or written.
#pragma once

#include <string>
#include <string_view>

#include "system_call.h"

namespace coffer::audit {

/// For reading; `flags` are added, as O_NOFOLLOW. unavailable: it isn't a regular file, too.
[[nodiscard]] Result<UniqueFd> open_plain(const std::string& path, int flags = 0);

/// Whole or not at all, with mode 0600, by way of `path`.new. The caller syncs the directory.
[[nodiscard]] Result<void> replace_plain(const std::string& path, std::string_view text);

/// Names that were made or removed in it are on the disk.
[[nodiscard]] Result<void> sync_names(const std::string& directory);

}  // namespace coffer::audit
