#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "coffer/crypto/digest.h"

namespace coffer::ceremony {
namespace {

Error failed(const std::string& what, const std::string& path) {
  const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
  return make_error(code, what + " " + path, std::strerror(errno));
}

std::string directory_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> read_all(const File& file, const std::string& path, std::size_t most) {
  if (!file.is_open()) return failed("cannot open", path);
  std::string out;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("cannot read", path);
    if (size == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(size));
    if (out.size() > most) return make_error(ErrorCode::too_large, path + " is too large");
  }
}

}  // namespace

File::~File() {
  if (number_ >= 0) ::close(number_);
}
File::File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
File& File::operator=(File&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  return read_all(File(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path, most);
}

Result<std::string> read_own_file(const std::string& path, std::size_t most) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat is {};
  if (file.is_open() && (::fstat(file.get(), &is) != 0 || !S_ISREG(is.st_mode))) {
    return make_error(ErrorCode::unavailable, path + " isn't a regular file");
  }
  return read_all(file, path, most);
}

Result<void> write_synced(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return failed("cannot write", "a file");
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  if (::fsync(file) != 0) return failed("cannot sync", "a file");
  return {};
}

Result<void> sync_directory(const std::string& directory) {
  const File file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) return failed("cannot sync", directory);
  return {};
}

Result<void> sync_name(const std::string& path) { return sync_directory(directory_of(path)); }

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string next = path + ".new";
  {
    const File file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file.is_open()) return failed("cannot make", next);
    COFFER_CHECK(write_synced(file.get(), as_bytes(text)));
  }
  if (std::rename(next.c_str(), path.c_str()) != 0) return failed("cannot replace", path);
  return sync_name(path);
}

Result<void> write_secret(const std::string& path, const SecureBytes& secret) {
  ::unlink(path.c_str());
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (!file.is_open()) return failed("cannot make", path);
  COFFER_CHECK(
      write_synced(file.get(), secret.expose(Reveal{"a secret is handed to its one holder"})));
  return sync_name(path);
}

Result<std::string> hash_file(const std::string& path) {
  COFFER_TRY(const std::string bytes, read_file(path, kLargestHashed));
  COFFER_TRY(const crypto::Sha256 hash, crypto::sha256(as_bytes(bytes)));
  return to_hex(hash);
}

}  // namespace coffer::ceremony
