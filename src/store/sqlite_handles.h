// SQLite's handles behind RAII. The only way that they are held in this room.
#pragma once

#include <sqlite3.h>

#include <memory>

namespace coffer::store {

struct CloseDatabase {
  // Not close_v2: a connection that lives on as a zombie could still checkpoint.
  void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

}  // namespace coffer::store
