// Reads a file that somebody may be writing. Private to the room.
#pragma once

#include "line_reader.h"

namespace coffer::audit {

/// Where the file ends within a line it is looked at again, for a second: the daemon may be writing
/// it. It ends there only if it didn't grow.
[[nodiscard]] ReadAt until_line_ends(ReadAt read);

}  // namespace coffer::audit
