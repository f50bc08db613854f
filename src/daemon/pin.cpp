#include "pin.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "files.h"

namespace coffer::daemon {
namespace {

constexpr std::size_t kLongestPin = 1024;

/// What is typed isn't shown, as long as this lives; nothing where there is no terminal.
class EchoOff final {
 public:
  EchoOff() : terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!terminal_) return;
    std::fputs("PIN of the token: ", stderr);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~EchoOff() {
    if (!terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::fputc('\n', stderr);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  termios before_{};
  bool terminal_;
};

/// An empty one would cost a try of the token for nothing.
Result<SecureBytes> holds_a_pin(const std::string& path, Result<SecureBytes> read) {
  if (!read.ok() || !read->empty()) return read;
  return make_error(ErrorCode::precondition, path + " holds no PIN");
}

}  // namespace

Result<SecureBytes> read_pin_from_input() {
  const EchoOff quiet;
  COFFER_TRY(SecureBytes pin, SecureBytes::allocate(kLongestPin));
  const MutableByteView room = pin.expose_mutable(Reveal{"read a PIN"});
  std::size_t size = 0;
  while (size < room.size()) {
    const ssize_t got = ::read(STDIN_FILENO, room.data() + size, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || room[size] == '\n') break;
    ++size;
  }
  if (size == 0) return make_error(ErrorCode::invalid_argument, "standard input holds no PIN");
  pin.shrink(size);
  return pin;
}

Result<SecureBytes> read_pin(const TokenSettings& settings) {
  if (settings.pin_from == PinFrom::file) {
    return holds_a_pin(settings.pin_file, read_secret_file(settings.pin_file));
  }
  // The directory's name isn't secret; the service manager alone sets it (systemd.exec(5)).
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || directory[0] != '/') {
    return make_error(ErrorCode::precondition,
                      "token.pin_from is \"credential\", but the service manager passed none "
                      "(LoadCredentialEncrypted)");
  }
  const std::string path = std::string(directory) + "/" + settings.pin_credential;
  return holds_a_pin(path, read_credential_file(path));
}

}  // namespace coffer::daemon
