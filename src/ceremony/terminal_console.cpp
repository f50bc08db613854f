#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "coffer/base/terminal.h"
#include "console.h"
#include "files.h"

namespace coffer::ceremony {
namespace {

constexpr std::size_t kLongest = 1024;
/// Clears the screen and what was scrolled off it.
constexpr std::string_view kClear = "\x1b[H\x1b[2J\x1b[3J";

volatile std::sig_atomic_t came = 0;
void note_signal(int) { came = 1; }

class TerminalConsole final : public Console {
 public:
  explicit TerminalConsole(File file) : file_(std::move(file)) {}

  void say(std::string_view text) override {
    put(for_terminal(text, Breaks::keep));
    put("\n");
  }

  [[nodiscard]] bool has_people() const override { return true; }

  Result<std::string> ask(std::string_view, std::string_view prompt) override {
    put(prompt);
    put(": ");
    COFFER_TRY(const SecureBytes line, read_line());
    return std::string(as_text(line.expose(Reveal{"an answer that isn't secret"})));
  }

  Result<void> hand_over(std::string_view name, std::string_view person,
                         const SecureBytes& secret) override {
    put(kClear);
    say(std::string("For ") + std::string(person) + " alone: " + std::string(name) +
        ". The others look away. Press Enter to see it.");
    COFFER_CHECK(wait());
    put(as_text(secret.expose(Reveal{"a secret is shown to its one holder"})));
    say("\n\nWrite it down, read it over, press Enter: then it is gone.");
    Result<void> seen = wait();
    put(kClear);
    return seen;
  }

  Result<SecureBytes> ask_secret(std::string_view name) override {
    termios before{};
    ::tcgetattr(file_.get(), &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(file_.get(), TCSAFLUSH, &silent);
    // Not before: what is typed in at once would be shown, and flushed.
    put(std::string(name) + " (not shown): ");
    Result<SecureBytes> line = read_line();
    ::tcsetattr(file_.get(), TCSAFLUSH, &before);
    put("\n");
    return line;
  }

 private:
  void put(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t size = ::write(file_.get(), text.data(), text.size());
      if (size <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  Result<void> wait() {
    COFFER_CHECK(read_line());
    return {};
  }

  Result<SecureBytes> read_line() {
    COFFER_TRY(SecureBytes line, SecureBytes::allocate(kLongest));
    const MutableByteView out = line.expose_mutable(Reveal{"a line is read"});
    std::size_t size = 0;
    while (size < out.size()) {
      const ssize_t got = ::read(file_.get(), &out[size], 1);
      if (got <= 0 || signal_came()) {
        return make_error(ErrorCode::unavailable, "the ceremony was ended at the terminal");
      }
      if (out[size] == '\n') break;
      ++size;
    }
    line.shrink(size);
    return line;
  }

  File file_;
};

}  // namespace

void end_questions_on_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;  // without SA_RESTART: a read ends
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    ::sigaction(number, &action, nullptr);
  }
}

bool signal_came() noexcept { return came != 0; }

Result<std::unique_ptr<Console>> terminal_console() {
  File file(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!file.is_open()) {
    return make_error(ErrorCode::not_found, "there is no terminal to ask people on: -answers");
  }
  return std::unique_ptr<Console>(std::make_unique<TerminalConsole>(std::move(file)));
}

}  // namespace coffer::ceremony
