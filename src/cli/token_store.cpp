#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "file_descriptor.h"
#include "token.h"

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

/// mkostemp gives 0600 whatever the umask, and a name that nobody could prepare.
bool write_beside(std::string& name, std::string_view text) {
  const FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return false;
  if (write_whole(file.get(), text) && ::fsync(file.get()) == 0) return true;
  const int why = errno;
  ::unlink(name.c_str());
  errno = why;
  return false;
}

}  // namespace

Result<std::string> store_token(const Environment& environment, const SecureBytes& token) {
  const std::string path = token_file(environment);
  if (path.empty()) {
    return make_error(ErrorCode::internal, "cannot store the token: you have no home directory");
  }
  std::string beside = path + ".XXXXXX";
  bool stored = write_beside(beside, as_text(token.expose(Reveal{"store the token"})));
  if (stored && ::rename(beside.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(beside.c_str());
    errno = why;
    stored = false;
  }
  if (stored) return path;
  return make_error(ErrorCode::internal,
                    "cannot store the token in " + path + ": " + std::strerror(errno));
}

}  // namespace coffer::cli
