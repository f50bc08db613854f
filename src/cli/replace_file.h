// Small files that are replaced as a whole.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::cli {

/// Writes `content` beside `path`, syncs it, and renames it: nobody reads half of it, and what was
/// there stays when it fails. internal: the text is the system's, without the path.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content,
                                        mode_t mode);

}  // namespace coffer::cli
