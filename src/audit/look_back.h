// The newest line of some type, looked for from the log's end: a log may be large, and what is
// asked stands near its end, mostly. Private to the room.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::audit {

/// True: it is the one, and the last that was so called counts. A line has no LF.
using TakeLine = std::function<Result<bool>(std::string_view line)>;

/// Hands over whole lines that hold `mark`, until one is taken: of a compressed segment, which can
/// only be read forward, the first first and all of them. False: none was. The log may be open.
[[nodiscard]] Result<bool> look_back(
    const std::string& directory, std::string_view mark, const TakeLine& take,
    std::size_t most_segments = std::numeric_limits<std::size_t>::max());

}  // namespace coffer::audit
