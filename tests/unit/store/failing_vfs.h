// SQLite's own VFS, with syncs and writes that fail when told to. Default for the connections that
// are opened while it stands.
#pragma once

#include <sqlite3.h>

#include <atomic>

namespace coffer::store {

class FailingVfs final {
 public:
  FailingVfs();
  ~FailingVfs();
  FailingVfs(const FailingVfs&) = delete;
  FailingVfs& operator=(const FailingVfs&) = delete;

  /// The nth call from now on fails with `code`, and those after it too until heal().
  void fail_syncs(int nth, int code = SQLITE_IOERR_FSYNC);
  void fail_writes(int nth, int code = SQLITE_FULL);
  /// All writes to the database itself, which in WAL mode are those of checkpoints.
  void fail_checkpoints();
  void heal();
  [[nodiscard]] int syncs() const;
};

}  // namespace coffer::store
