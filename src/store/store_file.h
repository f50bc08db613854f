// The store's files: who may have them, who has them locked, and how a new one comes to stand.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "coffer/base/result.h"
#include "unique_fd.h"

namespace coffer::store {

/// `path` with the links of its directory resolved; its last part is taken as it is. SQLite refuses
/// links anywhere (NOFOLLOW), and state directories often stand behind one.
struct StorePath {
  std::string directory;
  std::string file;
};
[[nodiscard]] Result<StorePath> resolve_path(const std::string& path);

/// Locks `<file>.lock` for as long as the descriptor is open. Not the store itself: closing any
/// descriptor of that file would drop SQLite's own locks (POSIX). conflict: another has it.
[[nodiscard]] Result<UniqueFd> lock_store(const std::string& file);

/// Whether the store exists. precondition: it, or what SQLite keeps beside it, isn't a plain file
/// that only this user can read, or its log is there without it.
[[nodiscard]] Result<bool> check_files(const std::string& file);

/// Has `fill` make `file` afresh, whatever was left there, and syncs it; removes it if that fails.
[[nodiscard]] Result<void> fill_file(const std::string& file,
                                     const std::function<Result<void>(const std::string&)>& fill);

/// Has `fill` make the store in `<file>.new`, syncs that, and renames it: a store is there whole or
/// not at all. The caller holds the lock.
[[nodiscard]] Result<void> make_file(const StorePath& path,
                                     const std::function<Result<void>(const std::string&)>& fill);

/// A failed sync ends the process.
[[nodiscard]] Result<void> sync_directory(const std::string& directory);

}  // namespace coffer::store
