// Going over a log's lines. Private to the room.
#pragma once

#include <functional>
#include <string>

#include "coffer/audit/search.h"
#include "line.h"
#include "line_reader.h"
#include "segments.h"

namespace coffer::audit {

struct LogLine {
  const Segment& segment;
  const RawLine& raw;
  const ParsedLine& parsed;
};

/// Each whole line from `from` on; gives where the last ends. not_found: no log. corrupt, with file
/// and place: no line.
[[nodiscard]] Result<LogPlace> each_line(const std::string& directory, const LogPlace& from,
                                         const std::function<Result<void>(const LogLine&)>& take);

}  // namespace coffer::audit
