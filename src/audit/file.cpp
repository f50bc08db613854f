#include "coffer/audit/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "system_call.h"

namespace coffer::audit {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kForbiddenBits = 0037;  ///< the group may read, and nobody else anything

std::string_view reason(int error_number) {
  switch (error_number) {
    case ENOSPC: return "cannot use the audit log: the disk is full";
    case EDQUOT: return "cannot use the audit log: the disk quota is used up";
    case EIO: return "cannot use the audit log: the disk reports an error";
    case EROFS: return "cannot use the audit log: the file system is read-only";
    case EFBIG: return "cannot use the audit log: the file is at its size limit";
    default: return "cannot use the audit log";
  }
}

FileFacts facts_from(const struct stat& status) {
  return {status.st_nlink, status.st_dev, status.st_ino,
          static_cast<std::uint64_t>(status.st_size)};
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> write(std::uint64_t offset, ByteView bytes) override {
    ssize_t written = -1;
    do {
      written = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    } while (written < 0 && errno == EINTR);
    if (written < 0) return system_error("pwrite", errno);
    // POSIX leaves 0 open for a full device; a caller that loops must not loop for ever.
    if (written == 0) return system_error("pwrite", ENOSPC);
    return static_cast<std::size_t>(written);
  }

  Result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return system_error("fdatasync", errno);
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
      return system_error("ftruncate", errno);
    }
    return {};
  }

  Result<FileFacts> facts() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return system_error("fstat", errno);
    return facts_from(status);
  }

  Result<FileFacts> facts_at_path() const override {
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) return facts_from(status);
    Error error = system_error("lstat", errno);
    if (errno == ENOENT) error.code = ErrorCode::not_found;
    return error;
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

}  // namespace

Error system_error(std::string_view call, int error_number) {
  const char* name = ::strerrorname_np(error_number);
  std::string cause(call);
  cause.append(": ").append(name == nullptr ? std::to_string(error_number) : name);
  return make_error(ErrorCode::unavailable, reason(error_number), cause);
}

Result<std::unique_ptr<File>> open_file(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  UniqueFd fd(::open(path.c_str(), kFlags, kFileMode));
  if (!fd.valid() && errno == ELOOP) {
    return make_error(ErrorCode::precondition, "the audit log may not be a symbolic link", path);
  }
  if (!fd.valid()) return system_error("open " + path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error("fstat", errno);
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
    return make_error(ErrorCode::precondition, "the audit log must be a regular file with one name",
                      path);
  }
  if ((status.st_mode & kForbiddenBits) != 0) {
    return make_error(ErrorCode::precondition,
                      "the audit log must have mode 0600 (or 0640), without more", path);
  }
  return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(fd), path));
}

}  // namespace coffer::audit
