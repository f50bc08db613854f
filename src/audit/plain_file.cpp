#include "plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "segments.h"

namespace coffer::audit {
namespace {

constexpr mode_t kFileMode = 0600;

Result<void> write_new(const std::string& path, std::string_view text) {
  // What a crash left there, or a pipe that nobody reads.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("unlink " + path, errno);
  const UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd.valid()) return system_error("open " + path, errno);
  const ssize_t size = ::write(fd.get(), text.data(), text.size());
  if (size != static_cast<ssize_t>(text.size())) {
    return system_error("write " + path, size < 0 ? errno : ENOSPC);
  }
  if (::fsync(fd.get()) != 0) return system_error("fsync " + path, errno);
  return {};
}

}  // namespace

Result<UniqueFd> open_plain(const std::string& path, int flags) {
  // Without O_NONBLOCK a pipe would wait for a writer.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (!fd.valid()) return system_error("open " + path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error("fstat " + path, errno);
  if (S_ISREG(status.st_mode)) return fd;
  return make_error(ErrorCode::unavailable, "not a regular file", path);
}

Result<void> replace_plain(const std::string& path, std::string_view text) {
  const std::string making = path + ".new";
  const auto written = write_new(making, text);
  if (!written.ok()) {
    ::unlink(making.c_str());
    return written.error();
  }
  if (std::rename(making.c_str(), path.c_str()) != 0) {
    return system_error("rename " + making, errno);
  }
  return {};
}

Result<void> sync_names(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return system_error("open " + directory, errno);
  return sync_directory(fd);
}

}  // namespace coffer::audit
