#include "failure.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "coffer/base/log.h"
#include "coffer/store/store.h"

namespace coffer::store {
namespace {

bool is_failed_sync(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

ErrorCode code_for(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL: return ErrorCode::unavailable;
    case SQLITE_NOMEM: return ErrorCode::resource_exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::corrupt;
    case SQLITE_TOOBIG: return ErrorCode::too_large;
    default: return ErrorCode::internal;
  }
}

}  // namespace

void end_process(const Error& why) {
  log::error(why);
  log::error("the store ends the process: what is on disk is unknown until it is read again");
  ::_exit(kExitSyncFailed);
}

Error sqlite_error(sqlite3* database, int code, std::string_view tried) {
  // The message may quote SQL, and ours binds every value: nothing secret is in it.
  std::string cause = "sqlite " + std::to_string(code) + " (" + sqlite3_errstr(code) + ")";
  if (database != nullptr) {
    cause.append(": ").append(sqlite3_errmsg(database));
    if (const int error = sqlite3_system_errno(database); error != 0) {
      cause.append(", errno ").append(std::to_string(error));
    }
  }
  Error error = make_error(code_for(code), "could not " + std::string(tried), cause);
  if (is_failed_sync(code)) end_process(error);
  return error;
}

Error system_error(ErrorCode code, std::string_view text, std::string_view subject) {
  const int error = errno;
  return make_error(code, text,
                    std::string(subject) + ": errno " + std::to_string(error) + " (" +
                        std::generic_category().message(error) + ")");
}

}  // namespace coffer::store
