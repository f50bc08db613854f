#include "pin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace coffer::ceremony {
namespace {

constexpr std::size_t kLongest = 256;
constexpr std::size_t kLargestFile = 8192;

class PinFile final {
 public:
  PinFile(const char* path, int flags) : file_(::open(path, flags | O_CLOEXEC)) {}
  ~PinFile() {
    if (file_ >= 0) ::close(file_);
  }
  PinFile(const PinFile&) = delete;
  PinFile& operator=(const PinFile&) = delete;
  [[nodiscard]] int get() const noexcept { return file_; }

 private:
  int file_;
};

/// Up to the first end of line.
Result<SecureBytes> read_line(int file) {
  COFFER_TRY(SecureBytes line, SecureBytes::allocate(kLongest));
  const MutableByteView out = line.expose_mutable(Reveal{"a PIN is read"});
  std::size_t size = 0;
  while (size < out.size() && ::read(file, &out[size], 1) == 1 && out[size] != '\n') ++size;
  if (size == out.size()) return make_error(ErrorCode::invalid_argument, "the PIN is too long");
  line.shrink(size);
  if (line.empty()) return make_error(ErrorCode::invalid_argument, "an empty PIN");
  return line;
}

Result<SecureBytes> ask() {
  const PinFile terminal("/dev/tty", O_RDWR);
  termios before{};
  if (terminal.get() < 0 || ::tcgetattr(terminal.get(), &before) != 0) {
    return make_error(ErrorCode::not_found, "there is no terminal to ask for the PIN: -pin-file");
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(terminal.get(), TCSAFLUSH, &silent);
  constexpr std::string_view kPrompt = "user PIN of the token: ";
  static_cast<void>(::write(terminal.get(), kPrompt.data(), kPrompt.size()) + 1);
  Result<SecureBytes> line = read_line(terminal.get());
  ::tcsetattr(terminal.get(), TCSAFLUSH, &before);
  static_cast<void>(::write(terminal.get(), "\n", 1) + 1);
  return line;
}

/// Nobody else may read it, or could have put it there.
Result<void> check_private(int file) {
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) {
    return make_error(ErrorCode::not_found, "cannot open the PIN file", std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode) || (status.st_mode & 077U) != 0) {
    return make_error(ErrorCode::permission_denied,
                      "the PIN file must be a file that its owner alone may read (0400 or 0600)");
  }
  return {};
}

}  // namespace

Result<SecureBytes> read_pin(const std::string& path) {
  if (path.empty()) return ask();
  const PinFile file(path.c_str(), O_RDONLY | O_NOFOLLOW);
  COFFER_CHECK(check_private(file.get()));
  return read_line(file.get());
}

Result<SecureBytes> read_private_file(const std::string& path) {
  const PinFile file(path.c_str(), O_RDONLY | O_NOFOLLOW);
  if (const auto good = check_private(file.get()); !good.ok()) {
    return make_error(good.error().code, path + " must be a file that its owner alone may read");
  }
  COFFER_TRY(SecureBytes all, SecureBytes::allocate(kLargestFile));
  const MutableByteView out = all.expose_mutable(Reveal{"a private key is read"});
  std::size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < out.size(); size += static_cast<std::size_t>(got)) {
    got = ::read(file.get(), &out[size], out.size() - size);
    if (got < 0) return make_error(ErrorCode::unavailable, "cannot read " + path);
  }
  if (size == out.size()) return make_error(ErrorCode::too_large, path + " is too large");
  all.shrink(size);
  return all;
}

}  // namespace coffer::ceremony
