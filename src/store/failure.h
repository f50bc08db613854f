// How the failures of SQLite and of the kernel become Errors, or the end of the process.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::store {

/// After a failed sync the kernel may have dropped the pages and call them clean: a second sync
/// would succeed without them (fsyncgate). So there is no second: one line to the log, then
/// _exit(kExitSyncFailed), without destructors, which would write.
[[noreturn]] void end_process(const Error& why);

/// From a call on `database` that gave `code` (extended). Ends the process if it was a failed sync.
/// `tried` is fixed prose: "read a row of the store".
[[nodiscard]] Error sqlite_error(sqlite3* database, int code, std::string_view tried);

/// From errno. `subject` is a file name, for the cause.
[[nodiscard]] Error system_error(ErrorCode code, std::string_view text, std::string_view subject);

}  // namespace coffer::store
