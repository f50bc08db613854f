#include "given_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace coffer::auditor {
namespace {

bool is_nameless_pipe(int fd, const struct stat& status) {
  struct statfs system {};
  return S_ISFIFO(status.st_mode) && ::fstatfs(fd, &system) == 0 && system.f_type == PIPEFS_MAGIC;
}

}  // namespace

Result<GivenFile> GivenFile::open(const std::string& path) {
  // Without O_NONBLOCK a pipe would wait for a writer.
  GivenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) {
    return make_error(ErrorCode::unavailable, "cannot read " + path);
  }
  if (S_ISREG(status.st_mode)) return file;
  if (!is_nameless_pipe(file.fd(), status)) {
    return make_error(ErrorCode::unavailable, "not a regular file: " + path);
  }
  ::fcntl(file.fd(), F_SETFL, 0);
  return file;
}

GivenFile::~GivenFile() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace coffer::auditor
