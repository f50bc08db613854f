#include "store_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "coffer/base/log.h"
#include "failure.h"

namespace coffer::store {
namespace {

constexpr mode_t kOnlyOwner = 0600;

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
};

Result<UniqueFd> open_private(const std::string& file, int flags) {
  UniqueFd fd(::open(file.c_str(), flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kOnlyOwner));
  if (!fd.valid()) return system_error(ErrorCode::unavailable, "could not make a file", file);
  // Whatever the umask is.
  if (::fchmod(fd.get(), kOnlyOwner) != 0) {
    return system_error(ErrorCode::unavailable, "could not set the mode of a file", file);
  }
  return fd;
}

Error refused(std::string_view text, const std::string& file, const struct stat& found) {
  std::array<char, 64> detail{};
  std::snprintf(detail.data(), detail.size(), ": mode %o, uid %u, links %lu", found.st_mode,
                found.st_uid, static_cast<unsigned long>(found.st_nlink));
  return make_error(ErrorCode::precondition, text, file + detail.data());
}

/// lstat and not fstat, for the reason given at lock_store().
Result<bool> check_file(const std::string& file) {
  struct stat found {};
  if (::lstat(file.c_str(), &found) != 0) {
    if (errno == ENOENT) return false;
    return system_error(ErrorCode::unavailable, "could not look at a file of the store", file);
  }
  if (!S_ISREG(found.st_mode) || found.st_nlink != 1) {
    return refused("a file of the store is a link or no plain file", file, found);
  }
  if (found.st_uid != ::geteuid()) {
    return refused("a file of the store belongs to another user", file, found);
  }
  if ((found.st_mode & 077U) != 0) {
    return refused("a file of the store is open to others, wanted mode 0600", file, found);
  }
  return true;
}

Result<void> sync_path(const std::string& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return system_error(ErrorCode::unavailable, "could not open to sync", path);
  if (::fsync(fd.get()) != 0) {
    end_process(system_error(ErrorCode::unavailable, "could not sync", path));
  }
  return {};
}

Result<void> remove_leftover(const std::string& file) {
  for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) {
    if (::unlink((file + suffix).c_str()) != 0 && errno != ENOENT) {
      return system_error(ErrorCode::unavailable, "could not remove a half made store", file);
    }
  }
  return {};
}

}  // namespace

Result<StorePath> resolve_path(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return make_error(ErrorCode::invalid_argument, "the store's path names no file", path);
  }
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::unique_ptr<char, Free> directory(::realpath(above.c_str(), nullptr));
  if (directory == nullptr) {
    return system_error(ErrorCode::unavailable, "the store's directory can't be used", above);
  }
  std::string base = directory.get();
  return StorePath{base, (base == "/" ? base : base + "/") + name};
}

Result<UniqueFd> lock_store(const std::string& file) {
  COFFER_TRY(UniqueFd fd, open_private(file + ".lock", O_RDWR));
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  // Of the open file description, so that a second store in this process conflicts too.
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) == 0) return fd;
  if (errno == EAGAIN || errno == EACCES) {
    return make_error(ErrorCode::conflict, "another daemon has the store locked", file + ".lock");
  }
  return system_error(ErrorCode::unavailable, "could not lock the store", file + ".lock");
}

Result<bool> check_files(const std::string& file) {
  COFFER_TRY(const bool exists, check_file(file));
  for (const auto* suffix : {"-wal", "-shm", "-journal"}) {
    COFFER_TRY(const bool beside, check_file(file + suffix));
    if (beside && !exists) {
      return make_error(ErrorCode::precondition,
                        "the store is missing but its write-ahead log is there", file + suffix);
    }
  }
  return exists;
}

Result<void> fill_file(const std::string& file,
                       const std::function<Result<void>(const std::string&)>& fill) {
  COFFER_CHECK(remove_leftover(file));
  { COFFER_TRY(const UniqueFd fd, open_private(file, O_RDWR | O_EXCL)); }
  const auto filled = fill(file);
  if (filled.ok()) return sync_path(file, O_NOFOLLOW);
  if (const auto removed = remove_leftover(file); !removed.ok())
    log::warn(describe(removed.error()));
  return filled;
}

Result<void> make_file(const StorePath& path,
                       const std::function<Result<void>(const std::string&)>& fill) {
  const std::string made = path.file + ".new";
  COFFER_CHECK(fill_file(made, fill));
  if (::rename(made.c_str(), path.file.c_str()) != 0) {
    return system_error(ErrorCode::unavailable, "could not put the new store in place", path.file);
  }
  return sync_directory(path.directory);
}

Result<void> sync_directory(const std::string& directory) {
  return sync_path(directory, O_DIRECTORY);
}

}  // namespace coffer::store
