#include "failing_vfs.h"

#include <array>
#include <climits>
#include <cstdlib>

namespace coffer::store {
namespace {

// SQLite takes no context for a VFS's files, so there is one at a time.
sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs shim_vfs;

/// SQLite has one table of methods for each way to lock; here one more for each kind of file.
struct Tables {
  const sqlite3_io_methods* real = nullptr;
  bool is_database = false;
  sqlite3_io_methods shim{};
};
std::array<Tables, 4> tables;

std::atomic<int> syncs_left = INT_MAX;
std::atomic<int> writes_left = INT_MAX;
std::atomic<int> sync_code = SQLITE_OK;
std::atomic<int> write_code = SQLITE_OK;
std::atomic<bool> database_fails = false;
std::atomic<int> sync_count = 0;

bool due(std::atomic<int>& left) { return left != INT_MAX && --left <= 0; }

const Tables& tables_of(const sqlite3_file* file) {
  for (const auto& table : tables) {
    if (file->pMethods == &table.shim) return table;
  }
  std::abort();
}

int shim_sync(sqlite3_file* file, int flags) {
  ++sync_count;
  return due(syncs_left) ? sync_code.load() : tables_of(file).real->xSync(file, flags);
}

int shim_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const auto& table = tables_of(file);
  const bool fails = due(writes_left) || (table.is_database && database_fails);
  return fails ? write_code.load() : table.real->xWrite(file, data, size, offset);
}

void exchange(sqlite3_file* file, bool is_database) {
  for (auto& table : tables) {
    if (table.real == nullptr) {
      table.real = file->pMethods;
      table.is_database = is_database;
      table.shim = *table.real;
      table.shim.xSync = shim_sync;
      table.shim.xWrite = shim_write;
    }
    if (table.real == file->pMethods && table.is_database == is_database) {
      file->pMethods = &table.shim;
      return;
    }
  }
  std::abort();
}

/// The real VFS opens the file; only its table of methods is exchanged for one that looks first.
int shim_open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  const int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
  if (code == SQLITE_OK) exchange(file, (flags & SQLITE_OPEN_MAIN_DB) != 0);
  return code;
}

}  // namespace

FailingVfs::FailingVfs() {
  real_vfs = sqlite3_vfs_find("unix");
  shim_vfs = *real_vfs;
  shim_vfs.zName = "coffer-failing";
  shim_vfs.pNext = nullptr;
  shim_vfs.xOpen = shim_open;
  heal();
  sync_count = 0;
  sqlite3_vfs_register(&shim_vfs, 1);
}

FailingVfs::~FailingVfs() {
  sqlite3_vfs_unregister(&shim_vfs);
  sqlite3_vfs_register(real_vfs, 1);
}

void FailingVfs::fail_syncs(int nth, int code) {
  sync_code = code;
  syncs_left = nth;
}

void FailingVfs::fail_writes(int nth, int code) {
  write_code = code;
  writes_left = nth;
}

void FailingVfs::fail_checkpoints() {
  write_code = SQLITE_FULL;
  database_fails = true;
}

void FailingVfs::heal() {
  database_fails = false;
  syncs_left = INT_MAX;
  writes_left = INT_MAX;
}

int FailingVfs::syncs() const { return sync_count; }

}  // namespace coffer::store
