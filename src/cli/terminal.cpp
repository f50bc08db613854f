#include "terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "coffer/base/secure_bytes.h"
#include "file_descriptor.h"

namespace coffer::cli {
namespace {

constexpr std::size_t kLongestInput = std::size_t{32} << 20U;
constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kPart = std::size_t{64} << 10U;

/// Echo off while it lives. ISIG is off too: an interrupt arrives as a character, so that no signal
/// can leave the terminal without echo.
class EchoOff final {
 public:
  explicit EchoOff(int descriptor) : descriptor_(descriptor) {
    if (::tcgetattr(descriptor_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ISIG);
    silent.c_lflag |= ICANON;
    // They end a line instead, so that the reader gets to see them at once.
    silent.c_cc[VEOL] = before_.c_cc[VINTR];
    silent.c_cc[VEOL2] = before_.c_cc[VQUIT];
    sigset_t held{};
    sigemptyset(&held);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&held, signal);
    ::sigprocmask(SIG_BLOCK, &held, &mask_);
    // TCSAFLUSH drops what was typed before the question: it was echoed.
    active_ = ::tcsetattr(descriptor_, TCSAFLUSH, &silent) == 0;
    if (!active_) ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  ~EchoOff() {
    if (!active_) return;
    ::tcsetattr(descriptor_, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  [[nodiscard]] bool active() const { return active_; }
  [[nodiscard]] bool interrupts(char c) const {
    const auto byte = static_cast<cc_t>(c);
    return byte != 0 && (byte == before_.c_cc[VINTR] || byte == before_.c_cc[VQUIT]);
  }

 private:
  int descriptor_;
  termios before_{};
  sigset_t mask_{};
  bool active_ = false;
};

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // the question isn't worth an error of its own
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Error no_answer(std::string_view why) {
  return make_error(ErrorCode::unavailable,
                    "cannot ask for the value: " + std::string(why) +
                        "\ngive it on standard input (-) or from a file (@file)");
}

Result<std::string> read_line(int descriptor, const EchoOff& terminal) {
  std::string line;
  char c = 0;
  for (;;) {
    const ssize_t got = ::read(descriptor, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    const bool stopped = got <= 0 || terminal.interrupts(c);
    if (!stopped && c == '\n') return line;
    if (stopped || line.size() >= kLongestLine) {
      wipe(line);
      return no_answer(stopped ? "interrupted" : "a line longer than 4096 bytes");
    }
    line += c;
  }
}

}  // namespace

Result<std::string> ask_hidden_on(int descriptor, std::string_view label) {
  const EchoOff echo_off(descriptor);
  if (!echo_off.active()) return no_answer("there is no terminal");
  write_all(descriptor, std::string(label).append(": "));
  auto line = read_line(descriptor, echo_off);
  write_all(descriptor, "\n");
  return line;
}

Result<std::string> ask_hidden(std::string_view label) {
  const FileDescriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal) return no_answer("there is no terminal");
  return ask_hidden_on(terminal.get(), label);
}

Result<std::string> read_some(int descriptor) {
  std::string part(kPart, '\0');
  for (;;) {
    const ssize_t got = ::read(descriptor, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return make_error(ErrorCode::invalid_argument, std::strerror(errno));
    part.resize(static_cast<std::size_t>(got));
    return part;
  }
}

Result<std::string> read_all(int descriptor) {
  std::string content;
  for (;;) {
    COFFER_TRY(std::string part, read_some(descriptor));
    if (part.empty()) return content;
    if (content.size() + part.size() > kLongestInput) {
      return make_error(ErrorCode::too_large, "longer than 32 MiB");
    }
    content.append(part);
    wipe(part);
  }
}

Result<std::string> read_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  auto content =
      file ? read_all(file.get())
           : Result<std::string>(make_error(ErrorCode::invalid_argument, std::strerror(errno)));
  if (content.ok()) return content;
  return make_error(content.error().code, "cannot read " + path + ": " + content.error().text);
}

}  // namespace coffer::cli
