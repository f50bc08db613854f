#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace coffer::daemon {
namespace {

constexpr std::size_t kMaxFile = std::size_t{64} << 10U;

class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error failed(std::string_view what, const std::string& path) {
  const int code = errno;
  const ErrorCode kind = code == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
  return make_error(kind, std::string(what) + " " + path, std::strerror(code));
}

Result<void> write_all(int fd, ByteView content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("cannot write", path);
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor handle(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.open() || fsync(handle.get()) != 0) return failed("cannot sync", directory);
  return {};
}

/// Reads into memory that the caller wipes.
template <typename Sink>
Result<void> read_all(const Descriptor& file, const std::string& path, Sink&& sink) {
  std::array<std::uint8_t, 4096> chunk{};
  std::size_t total = 0;
  for (;;) {
    const ssize_t got = read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read", path);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
    if (total > kMaxFile) return make_error(ErrorCode::too_large, "file too large: " + path);
    sink(ByteView(chunk.data(), static_cast<std::size_t>(got)));
  }
  wipe(chunk);
  return {};
}

/// A FIFO or a device in its place would have us wait, or read something else.
Result<struct stat> look_at_regular(const Descriptor& file, const std::string& path) {
  if (!file.open()) return failed("cannot open", path);
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return failed("cannot look at", path);
  if (!S_ISREG(about.st_mode)) {
    return make_error(ErrorCode::precondition, "not a regular file: " + path);
  }
  return about;
}

Result<SecureBytes> read_secret(const Descriptor& file, const std::string& path) {
  COFFER_TRY(SecureBytes secret, SecureBytes::allocate(kMaxFile));
  std::size_t size = 0;
  COFFER_CHECK(read_all(file, path, [&](ByteView chunk) {
    const auto out = secret.expose_mutable(Reveal{"read a secret file"});
    std::memcpy(out.data() + size, chunk.data(), chunk.size());
    size += chunk.size();
  }));
  const ByteView all = secret.expose(Reveal{"cut the line end"});
  if (size > 0 && all[size - 1] == '\n') --size;
  secret.shrink(size);
  return secret.clone();
}

}  // namespace

Result<void> ensure_private_directory(const std::string& path) {
  if (mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return failed("cannot make", path);
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return failed("cannot look at", path);
  if (!S_ISDIR(about.st_mode)) {
    return make_error(ErrorCode::precondition, "not a directory: " + path);
  }
  if (about.st_uid != geteuid() || (about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return make_error(ErrorCode::precondition,
                      "must belong to this user and be writable by no other: " + path);
  }
  return {};
}

Result<void> write_file(const std::string& path, ByteView content, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  {
    const Descriptor file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.open()) return failed("cannot make", temporary);
    COFFER_CHECK(write_all(file.get(), content, temporary));
    if (fsync(file.get()) != 0) return failed("cannot sync", temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename to", path);
  return sync_directory_of(path);
}

Result<std::string> read_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  COFFER_CHECK(look_at_regular(file, path));
  std::string content;
  COFFER_CHECK(read_all(file, path, [&](ByteView chunk) { content += as_text(chunk); }));
  return content;
}

Result<SecureBytes> read_secret_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  COFFER_TRY(const struct stat about, look_at_regular(file, path));
  if (about.st_uid != geteuid() || (about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return make_error(ErrorCode::precondition,
                      "must belong to this user, with mode 0400 or 0600: " + path);
  }
  return read_secret(file, path);
}

Result<SecureBytes> read_credential_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  COFFER_TRY(const struct stat about, look_at_regular(file, path));
  const bool owned = about.st_uid == 0 || about.st_uid == geteuid();
  if (!owned || (about.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
    return make_error(ErrorCode::precondition,
                      "must belong to root or this user, and to nobody else: " + path);
  }
  return read_secret(file, path);
}

}  // namespace coffer::daemon
