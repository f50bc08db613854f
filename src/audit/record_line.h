// A record out of one line. Private to the room.
#pragma once

#include "coffer/audit/record.h"
#include "line.h"

namespace coffer::audit {

/// Of a line of a request, which was parsed already. A request line's counts as served, since
/// nothing says else. corrupt: no JSON.
[[nodiscard]] Result<Record> read_record(std::string_view line, const ParsedLine& parsed);

}  // namespace coffer::audit
