#include "coffer/backup/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace coffer::backup {
namespace {

constexpr mode_t kOnlyOwner = S_IRUSR | S_IWUSR;
constexpr std::size_t kReadAhead = std::size_t{64} << 10U;

Error failed(std::string_view what, std::string_view path = {}) {
  const int code = errno;
  ErrorCode kind = ErrorCode::unavailable;
  if (code == ENOENT) kind = ErrorCode::not_found;
  if (code == EEXIST) kind = ErrorCode::conflict;
  std::string text(what);
  if (!path.empty()) text.append(" ").append(path);
  text.append(": ").append(std::strerror(code));
  return make_error(kind, text);
}

/// pread, or read where `offset` is negative.
Result<std::size_t> read_some(int descriptor, off_t offset, MutableByteView out) {
  for (;;) {
    const ssize_t got = offset < 0 ? ::read(descriptor, out.data(), out.size())
                                   : ::pread(descriptor, out.data(), out.size(), offset);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return failed("cannot read the backup");
  }
}

}  // namespace

Result<File> File::create(const std::string& path) {
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOnlyOwner),
            true);
  if (file.descriptor_ < 0) return failed("cannot make", path);
  // Whatever the umask is.
  if (::fchmod(file.descriptor_, kOnlyOwner) != 0) return failed("cannot set the mode of", path);
  return file;
}

Result<File> File::open(const std::string& path) {
  File file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), true);
  if (file.descriptor_ < 0) return failed("cannot open", path);
  struct stat about {};
  if (::fstat(file.descriptor_, &about) != 0) return failed("cannot look at", path);
  if (!S_ISREG(about.st_mode)) {
    return make_error(ErrorCode::precondition, "not a regular file: " + path);
  }
  return file;
}

File File::borrow(int descriptor) { return File(descriptor, false); }

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owned_(std::exchange(other.owned_, false)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(owned_, other.owned_);
  return *this;
}

File::~File() {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
}

Result<void> File::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("cannot write the backup");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> File::read(MutableByteView out) { return read_some(descriptor_, -1, out); }

Result<std::size_t> File::read_at(std::uint64_t offset, MutableByteView out) {
  return read_some(descriptor_, static_cast<off_t>(offset), out);
}

Result<void> File::rewind() {
  if (::lseek(descriptor_, 0, SEEK_SET) != 0) return failed("cannot go back in the backup");
  return {};
}

Result<std::uint64_t> File::size() const {
  struct stat about {};
  if (::fstat(descriptor_, &about) != 0) return failed("cannot look at the backup");
  return static_cast<std::uint64_t>(about.st_size);
}

Result<void> File::sync() {
  if (::fsync(descriptor_) != 0) return failed("cannot sync the backup");
  return {};
}

Sink File::sink() {
  return [this](ByteView bytes) { return write(bytes); };
}

Source File::source() {
  struct Ahead {
    Bytes bytes = Bytes(kReadAhead);
    std::size_t at = 0;
    std::size_t end = 0;
  };
  return [this, ahead = std::make_shared<Ahead>()](MutableByteView out) -> Result<std::size_t> {
    if (ahead->at == ahead->end) {
      if (out.size() >= kReadAhead) return read(out);
      COFFER_TRY(ahead->end, read(ahead->bytes));
      ahead->at = 0;
    }
    const std::size_t size = std::min(out.size(), ahead->end - ahead->at);
    std::memcpy(out.data(), ahead->bytes.data() + ahead->at, size);
    ahead->at += size;
    return size;
  };
}

Result<void> sync_directory(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("cannot open", path);
  const int synced = ::fsync(descriptor);
  ::close(descriptor);
  return synced == 0 ? Result<void>() : failed("cannot sync", path);
}

}  // namespace coffer::backup
