#include "replace_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "file_descriptor.h"

namespace coffer::cli {
namespace {

bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode) {
  // mkostemp gives 0600 whatever the umask, and a name that nobody could prepare.
  std::string beside = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file) return make_error(ErrorCode::internal, std::strerror(errno));
  if (write_whole(file.get(), content) && ::fchmod(file.get(), mode) == 0 &&
      ::fsync(file.get()) == 0 && ::rename(beside.c_str(), path.c_str()) == 0) {
    return {};
  }
  const int why = errno;
  ::unlink(beside.c_str());
  return make_error(ErrorCode::internal, std::strerror(why));
}

}  // namespace coffer::cli
