#include "sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coffer::pkcs11 {

Result<void> sync_file_system(const std::string& directory) {
  if (directory.empty()) return {};
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) {
    return make_error(ErrorCode::unavailable, "cannot open the token's directory to sync it",
                      std::strerror(errno));
  }
  const int synced = ::syncfs(file);
  const int reason = errno;
  ::close(file);
  if (synced != 0) {
    return make_error(ErrorCode::unavailable, "cannot sync the token's file system",
                      std::strerror(reason));
  }
  return {};
}

}  // namespace coffer::pkcs11
